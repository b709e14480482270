"""Rate limits."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from pytest_django import Settings

from checkin_project.platform import limits
from checkin_project.platform.limits import allow, attempts, attempts_so_far


def test_what_is_over_the_limit_is_refused_and_others_are_not() -> None:
    subject, other = f"search:{uuid4()}", f"search:{uuid4()}"

    answers = [allow(subject, limit=3, seconds=3600) for _attempt in range(5)]

    assert answers == [True, True, True, False, False]
    assert allow(other, limit=3, seconds=3600)


def test_attempts_at_the_same_instant_are_all_counted() -> None:
    subject = f"pin:{uuid4()}"

    with ThreadPoolExecutor(20) as pool:
        counted = list(pool.map(lambda _number: attempts(subject, seconds=3600), range(100)))

    assert sorted(counted) == list(range(1, 101))


def test_a_redis_that_is_away_costs_one_wait_and_not_one_for_each(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 1},
        }
    }
    monkeypatch.setattr(limits, "_away_until", 0.0)
    subject = f"search:{uuid4()}"

    counted = [attempts(subject, seconds=3600) for _attempt in range(3)]

    assert counted == [1, 2, 3]
    assert attempts_so_far(subject, seconds=3600) == 3
    assert limits._away_until > time.monotonic()


def test_looking_at_the_count_counts_nothing() -> None:
    subject = f"miss:{uuid4()}"

    looks = [attempts_so_far(subject, seconds=3600) for _look in range(2)]
    attempts(subject, seconds=3600)

    assert [*looks, attempts_so_far(subject, seconds=3600)] == [0, 0, 1]
