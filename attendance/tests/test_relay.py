"""Hearing other processes through Redis: what comes, what is known when nothing comes, and coming back."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator

import pytest
from redis import Redis as Client

from attendance.relay import RedisRelay
from attendance.sending import RedisSender
from attendance.tests.outage import Redis
from attendance.topics import Message, channel

# Real Redis processes that are stopped and killed.
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
PATIENCE = 40.0
NEWS = Message("counts", '{"type":"counts"}', 7)


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis().start()
    yield server
    server.kill()


class Listening:
    """A relay and all that it said."""

    def __init__(self, redis: Redis) -> None:
        self.url = f"redis://127.0.0.1:{redis.port}/0"
        self.heard: list[tuple[str, Message]] = []
        self.states: list[bool] = []
        self.relay = RedisRelay(
            self.url, lambda topic, message: self.heard.append((topic, message)), self.states.append
        )

    async def until(self, question: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not question():  # noqa: ASYNC110 - asks about another process
                await asyncio.sleep(0.05)

    async def hears(self, topic: str) -> None:
        """Another process sends to the topic, and it arrives."""
        before = len(self.heard)

        def send() -> None:
            sender = RedisSender(self.url)
            sender.send([(topic, NEWS)])
            sender.close()

        await asyncio.to_thread(send)
        await self.until(lambda: (topic, NEWS) in self.heard[before:])


def listening(redis: Redis, scenario: Callable[[Listening], Awaitable[None]]) -> Listening:
    async def whole() -> Listening:
        found = Listening(redis)
        await scenario(found)
        return found

    return asyncio.run(whole())


def test_topics_are_heard_from_subscribing_on_until_unsubscribing(redis: Redis) -> None:
    async def scenario(each: Listening) -> None:
        await each.relay.subscribe(["public.A", "staff.A"])
        await each.relay.subscribe(["public.A", "public.B"])
        for topic in ("public.A", "staff.A", "public.B"):
            await each.hears(topic)
        await each.relay.unsubscribe(["public.A"])
        await each.relay.subscribe(["public.C"])
        before = len(each.heard)
        await asyncio.to_thread(RedisSender(each.url).send, [("public.A", NEWS)])
        await each.hears("public.C")
        assert [topic for topic, _message in each.heard[before:]] == ["public.C"]

    assert listening(redis, scenario).states == []


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_it_knows_that_redis_is_away_and_hears_again_when_it_is_back(trouble: str, redis: Redis) -> None:
    async def scenario(each: Listening) -> None:
        await each.relay.subscribe(["public.A"])
        if trouble == "killed":
            redis.kill()
        else:
            redis.signal(signal.SIGSTOP)
        await each.until(lambda: each.states == [False])
        assert each.relay.is_down
        # Nobody waits long for what cannot be.
        async with asyncio.timeout(10):
            await each.relay.subscribe(["public.NEW"])
        if trouble == "killed":
            redis.start()
        else:
            redis.signal(signal.SIGCONT)
        await each.until(lambda: each.states == [False, True])
        await each.hears("public.A")
        await each.hears("public.NEW")

    assert not listening(redis, scenario).relay.is_down


def test_a_topic_that_redis_does_not_confirm_is_asked_for_anew(redis: Redis) -> None:
    async def scenario(each: Listening) -> None:
        await each.relay.subscribe(["public.A"])
        redis.signal(signal.SIGSTOP)
        # Before anybody knows that Redis is frozen.
        async with asyncio.timeout(10):
            await each.relay.subscribe(["public.NEW"])
        redis.signal(signal.SIGCONT)
        # Whatever was missed meanwhile is made good by telling everybody when it is back.
        await each.until(lambda: each.states == [False, True])
        await each.hears("public.NEW")

    listening(redis, scenario)


def test_a_redis_that_comes_later_is_found(redis: Redis) -> None:
    redis.kill()

    async def scenario(each: Listening) -> None:
        await each.until(lambda: each.states == [False])
        await each.relay.subscribe(["public.A"])
        redis.start()
        await each.until(lambda: each.states == [False, True])
        await each.hears("public.A")

    listening(redis, scenario)


def test_by_a_message_that_nobody_understands_screens_are_not_left_believing_they_are_live(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    def send_nonsense(each: Listening) -> None:
        client = Client.from_url(each.url)
        client.publish(channel("public.A"), b"nonsense")
        client.close()

    async def scenario(each: Listening) -> None:
        await each.relay.subscribe(["public.A"])
        await asyncio.to_thread(send_nonsense, each)
        await each.until(lambda: each.states == [False])

    assert listening(redis, scenario).relay.is_down
    assert "listening to Redis ended" in caplog.text
