"""The layer in front of the threads, with a real bridge, real threads and a plain WSGI application behind it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest

from checkin_project.platform import deadline
from checkin_project.platform.bridge import Bridge
from checkin_project.platform.deadline import Deadline, Limits

Events = list[dict[str, Any]]
HELLO = [("Content-Type", "text/plain")]


def _limits(**changes: Any) -> Limits:
    values: dict[str, Any] = {
        "seconds": 0.2,
        "slow": {"/admin/": 5.0},
        "in_flight": 2,
        "in_flight_doors": 3,
        "doors": ("/kiosk/",),
        "threads": 2,
    }
    return Limits(**(values | changes))


def _layer(app: Callable[[Any, Any], Iterable[bytes]], **changes: Any) -> Deadline:
    limits = _limits(**changes)
    return Deadline(Bridge(app, threads=limits.threads), limits)


def _echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", HELLO)
    return [environ["wsgi.input"].read()]


async def _ask(
    layer: Deadline,
    path: str = "/",
    *,
    parts: Iterable[bytes | None] = (b"",),
    headers: Iterable[tuple[bytes, bytes]] = (),
    query: bytes = b"",
    send: Callable[[Any], Awaitable[None]] | None = None,
) -> Events:
    """One request; `parts` are the body's, and None is the client going away."""
    waiting = list(parts)
    events: Events = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(3600)
        part = waiting.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def collect(message: Any) -> None:
        events.append(message)

    scope: Any = {
        "type": "http", "method": "POST", "path": path, "query_string": query, "headers": list(headers),
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 5),
    }  # fmt: skip
    await layer(scope, receive, send or collect)
    return events


def _status(events: Events) -> int:
    return int(events[0]["status"]) if events else 0


def _body(events: Events) -> bytes:
    return b"".join(event.get("body", b"") for event in events[1:])


@pytest.mark.parametrize("size", [0, 1, 100_000, 300_000, 2_000_000])
async def test_a_body_of_any_size_arrives_whole(size: int) -> None:
    whole = bytes(index % 251 for index in range(size))
    parts = [whole[start : start + 65_536] for start in range(0, size, 65_536)] or [b""]

    events = await _ask(_layer(_echo, seconds=30), parts=parts)

    assert (_status(events), _body(events) == whole) == (200, True)


async def test_a_request_that_hangs_is_answered_in_time_and_its_late_answer_goes_nowhere() -> None:
    release = threading.Event()
    finished: list[str] = []

    def hang(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        release.wait(10)
        start("200 OK", HELLO)
        finished.append("thread")
        return [b"checked in"] * 50

    async def answered(message: Any) -> None:
        seen.append(message)
        if not message.get("more_body", True):
            finished.append("answer")
            release.set()

    seen: Events = []
    layer = _layer(hang)
    await _ask(layer, send=answered)

    assert finished == ["answer", "thread"]
    assert (_status(seen), len(seen)) == (503, 2)
    assert (b"retry-after", b"3") in seen[0]["headers"]
    assert (layer.in_flight, layer.stuck) == (0, 0)


async def test_programs_get_the_error_shape_and_people_a_page() -> None:
    layer = _layer(_echo, in_flight=0)

    api = await _ask(layer, "/api/check-ins-of-nobody")
    script = await _ask(layer, "/", headers=[(b"accept", b"application/json")])
    page = await _ask(layer, "/")

    for events in (api, script):
        assert _body(events).startswith(b'{"error": {"code": "unavailable", "message": ')
    assert b"<!doctype html>" in _body(page).lower()
    assert {_status(api), _status(script), _status(page)} == {503}


async def test_slow_paths_have_their_own_time() -> None:
    def slow(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        threading.Event().wait(0.5)
        start("200 OK", HELLO)
        return [b"done"]

    layer = _layer(slow)
    page, admin = await asyncio.gather(_ask(layer, "/"), _ask(layer, "/admin/import/"))

    assert (_status(page), _status(admin)) == (503, 200)


async def test_the_doors_are_the_last_to_be_turned_away() -> None:
    release = threading.Event()

    def wait(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        release.wait(10)
        start("200 OK", HELLO)
        return [b"done"]

    layer = _layer(wait, seconds=10, threads=4)
    waiting = [asyncio.create_task(_ask(layer)) for _number in range(2)]
    await asyncio.sleep(0.05)
    public = await _ask(layer, "/")
    door = asyncio.create_task(_ask(layer, "/kiosk/"))
    await asyncio.sleep(0.05)
    one_too_many = await _ask(layer, "/kiosk/")
    release.set()

    assert (_status(public), _status(one_too_many)) == (503, 503)
    assert [_status(await task) for task in (*waiting, door)] == [200, 200, 200]


async def test_when_every_thread_hangs_nobody_waits_and_the_process_still_says_that_it_lives() -> None:
    release = threading.Event()

    def hang(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        release.wait(10)
        start("200 OK", HELLO)
        return [b""]

    layer = _layer(hang, seconds=0.1)
    hanging = [asyncio.create_task(_ask(layer)) for _number in range(2)]
    await asyncio.sleep(0.3)
    started = asyncio.get_running_loop().time()
    refused = await _ask(layer, "/kiosk/")
    waited = asyncio.get_running_loop().time() - started
    alive = await _ask(layer, "/healthz")
    release.set()
    await asyncio.gather(*hanging)
    again = await _ask(layer)

    assert (_status(refused), _status(alive), _status(again)) == (503, 200, 200)
    assert waited < 0.1


async def test_a_request_given_up_while_it_queued_is_never_begun() -> None:
    release = threading.Event()
    begun: list[str] = []

    def note(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun.append(environ["PATH_INFO"])
        release.wait(10)
        start("200 OK", HELLO)
        return [b""]

    layer = _layer(note, threads=1, slow={"/first": 10.0})
    first = asyncio.create_task(_ask(layer, "/first"))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(_ask(layer, "/second"))
    await asyncio.sleep(0.4)
    release.set()

    assert (_status(await first), _status(await second), begun) == (200, 503, ["/first"])


async def test_half_a_body_never_reaches_the_application() -> None:
    begun: list[str] = []

    def note(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun.append("begun")
        return _echo(environ, start)

    events = await _ask(_layer(note), parts=[b'{"member": 1', None])

    assert (events, begun) == ([], [])


async def test_half_of_a_long_body_is_an_error_for_its_reader() -> None:
    outcome: list[str] = []

    def read(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            outcome.append(type(error).__name__)
        start("400 Bad Request", HELLO)
        return [b""]

    await _ask(_layer(read, seconds=5), parts=[b"x" * 200_000, b"x" * 200_000, None])

    assert outcome == ["ConnectionResetError"]


async def test_a_sender_who_falls_silent_holds_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "PATIENCE", 0.1)
    begun: list[str] = []

    def note(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun.append("begun")
        return _echo(environ, start)

    async def forever() -> Any:
        await asyncio.sleep(3600)

    scope: Any = {"type": "http", "path": "/", "query_string": b"", "headers": []}
    await _layer(note)(scope, forever, lambda message: forever())

    assert begun == []


async def test_a_reader_who_stops_reading_frees_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "PATIENCE", 0.1)
    closed = threading.Event()

    def endless(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 OK", HELLO)
        try:
            for _number in range(1_000_000):
                yield b"row\n"
        finally:
            closed.set()

    async def stall(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    await asyncio.wait_for(_ask(_layer(endless), send=stall), timeout=10)

    assert closed.is_set()


async def test_a_header_with_an_underscore_cannot_pass_for_a_proxys() -> None:
    seen: list[str] = []

    def look(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ["HTTP_X_FORWARDED_FOR"])
        start("200 OK", HELLO)
        return [b""]

    headers = [(b"x-forwarded-for", b"203.0.113.7"), (b"x_forwarded_for", b"6.6.6.6")]
    await _ask(_layer(look), headers=headers)

    assert seen == ["203.0.113.7"]


async def test_an_address_that_is_no_address_is_refused_in_words() -> None:
    events = await _ask(_layer(_echo), query=b"q=\xff")

    assert _status(events) == 400
