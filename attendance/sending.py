"""How a message gets to the processes that serve screens: directly within this one, by Redis between several.

It also says whose turn it is to count. All web processes that changed an event want its screens told; one of them
counts for all that changed before it looked, and the others see that they have been counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError
from redis.retry import Retry

from attendance import hub, topics

Outbox = list[tuple[str, topics.Message]]
REDIS_SECONDS = 1.0
KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether to count now, and for whom. `pause` seconds first if another message went out too recently.

    `number` is the change's own, `upto` the last one that a count made now includes, `changes` where that is noted.
    """

    public: bool = False
    staff: bool = False
    pause: float = 0.0
    number: int = 0
    upto: int = 0
    changes: str = ""

    @property
    def is_heard(self) -> bool:
        return self.public or self.staff


class Sender(Protocol):
    """Used by the publisher's thread alone."""

    def ask(self, event_code: str, number: int) -> Turn: ...
    def send(self, outbox: Outbox, turn: Turn | None = None) -> None: ...
    def close(self) -> None: ...


def new_sender() -> Sender:
    return RedisSender(settings.REDIS_URL) if settings.REDIS_URL else LocalSender()


class _Pace:
    """When each event may be sent again, as far as this process alone knows."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def left(self, event_code: str) -> float:
        return max(0.0, self._next.get(event_code, 0.0) - time.monotonic())

    def note(self, event_code: str) -> None:
        now = time.monotonic()
        if len(self._next) > 500:
            self._next = {code: at for code, at in self._next.items() if at > now}
        self._next[event_code] = now + settings.COUNTS_MAX_AGE


class LocalSender:
    """To the screens of this very process."""

    def __init__(self) -> None:
        self._pace = _Pace()

    def ask(self, event_code: str, number: int) -> Turn:
        pause = self._pace.left(event_code)
        if pause:
            return Turn(pause=pause)
        public, staff = (hub.is_heard(topics.numbers_topic(event_code, names=names)) for names in (False, True))
        if public or staff:
            self._pace.note(event_code)
        return Turn(public, staff)

    def send(self, outbox: Outbox, turn: Turn | None = None) -> None:
        for topic, message in outbox:
            hub.deliver(topic, message)

    def close(self) -> None:
        """Nothing is open."""


# Each change of an event gets a number (field n). Who counts notes up to which number it saw them (field c). A change
# that was counted, or that nobody would hear of, needs nothing more; else the first to come takes the turn for a while.
_ASK = """
local mine = tonumber(ARGV[1])
if mine == 0 then mine = redis.call('HINCRBY', KEYS[1], 'n', 1); redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if tonumber(redis.call('HGET', KEYS[1], 'c') or '0') >= mine then return {mine, 0, 0, 0, 0} end
local heard = redis.call('PUBSUB', 'NUMSUB', KEYS[3], KEYS[4])
if heard[2] + heard[4] == 0 then return {mine, 0, 0, 0, 0} end
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) then
  return {mine, 0, 0, math.max(1, redis.call('PTTL', KEYS[2])), 0}
end
return {mine, heard[2], heard[4], 0, tonumber(redis.call('HGET', KEYS[1], 'n') or '0')}
"""


class RedisSender:
    """To whichever processes listen. Raises RedisError when Redis is away; a full one only loses the order of turns."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._ask = self._redis.register_script(_ASK)
        self._pace = _Pace()

    def ask(self, event_code: str, number: int) -> Turn:
        channels = [topics.channel(topics.numbers_topic(event_code, names=names)) for names in (False, True)]
        keys = [topics.channel(f"changes.{event_code}"), topics.channel(f"turn.{event_code}"), *channels]
        age = max(1, round(settings.COUNTS_MAX_AGE * 1000))
        try:
            mine, public, staff, pause, upto = self._ask(keys, [number, KEPT_SECONDS, age])
        except OutOfMemoryError:
            # Nothing can be noted in a full Redis, but messages still pass through it.
            return self._ask_without_notes(event_code, channels)
        return Turn(public > 0, staff > 0, pause / 1000, mine, upto, keys[0])

    def _ask_without_notes(self, event_code: str, channels: list[str]) -> Turn:
        pause = self._pace.left(event_code)
        if pause:
            return Turn(pause=pause)
        public, staff = (heard > 0 for _channel, heard in self._redis.pubsub_numsub(*channels))
        self._pace.note(event_code)
        return Turn(public, staff)

    def send(self, outbox: Outbox, turn: Turn | None = None) -> None:
        """With `turn` the others learn that what was changed up to there has been told."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for topic, message in outbox:
                pipeline.publish(topics.channel(topic), message.packed())
            if turn is not None and turn.upto:
                pipeline.hset(turn.changes, "c", str(turn.upto))
            pipeline.execute()

    def close(self) -> None:
        self._redis.close()
