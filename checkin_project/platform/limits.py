"""Rate limits, counted in the cache (atomic, and shared when Redis is given) or here when the cache is away."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from django.core.cache import cache
from redis.exceptions import RedisError

_MOST_KEPT = 10_000
AWAY_SECONDS = 5.0
_away_until = 0.0
_own: OrderedDict[str, int] = OrderedDict()
_own_lock = threading.Lock()


def allow(subject: str, *, limit: int, seconds: int) -> bool:
    """Count one attempt of `subject` ("search:device:7") and say whether it is within `limit` per `seconds`.

    Windows are fixed and start at multiples of `seconds`.
    """
    return attempts(subject, seconds=seconds) <= limit


def attempts(subject: str, *, seconds: int) -> int:
    """Count one attempt of `subject` and return how many there were in the current window, this one included."""
    global _away_until  # noqa: PLW0603 - one fact about the whole process
    key = f"limit:{subject}:{int(time.time()) // seconds}"
    if time.monotonic() < _away_until:
        return _count_here(key)
    try:
        cache.add(key, 0, timeout=seconds + 1)
        return int(cache.incr(key))
    except ValueError:
        return _count_here(key)  # The key was dropped between the two calls.
    except (RedisError, OSError):
        # Nobody at a door shall wait for a hung Redis again and again: this process goes on counting by itself.
        _away_until = time.monotonic() + AWAY_SECONDS
        return _count_here(key)


def attempts_so_far(subject: str, *, seconds: int) -> int:
    """How many attempts of `subject` were counted in the current window, without counting one."""
    global _away_until  # noqa: PLW0603 - one fact about the whole process
    key = f"limit:{subject}:{int(time.time()) // seconds}"
    if time.monotonic() >= _away_until:
        try:
            return int(cache.get(key, 0))
        except (RedisError, OSError):
            _away_until = time.monotonic() + AWAY_SECONDS
    with _own_lock:
        return _own.get(key, 0)


def _count_here(key: str) -> int:
    with _own_lock:
        _own[key] = _own.pop(key, 0) + 1
        while len(_own) > _MOST_KEPT:
            _own.popitem(last=False)
        return _own[key]
