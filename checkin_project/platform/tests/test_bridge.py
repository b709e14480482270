"""Answers on their way from a real thread to the event loop."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

from checkin_project.platform import bridge
from checkin_project.platform.bridge import Bridge
from checkin_project.platform.exchange import Exchange

PLAIN = [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=ü")]


async def _ask(
    app: Callable[[Any, Any], Iterable[bytes]],
    exchange: Exchange | None = None,
    sent: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """What the answer consisted of; `sent` collects it also when it breaks off."""
    sent = [] if sent is None else sent

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.sleep(3600)

    scope: Any = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "http_version": "1.1",
        "server": ("testserver", 80), "client": ("127.0.0.1", 5), "checkin.exchange": exchange or Exchange(body=b""),
    }  # fmt: skip
    await Bridge(app, threads=1)(scope, receive, send)
    return sent


def _answering(parts: Iterable[bytes]) -> Callable[[Any, Any], Iterable[bytes]]:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", PLAIN)
        return parts

    return app


async def test_a_short_answer_crosses_whole_with_all_its_headers() -> None:
    sent = await _ask(_answering([b"he", b"llo"]))

    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=\xfc")],
        },
        {"type": "http.response.body", "body": b"hello", "more_body": False},
    ]


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (HttpResponse(b"page"), b"page"),
        (StreamingHttpResponse(iter([b"a", b"", b"b"])), b"ab"),
        (HttpResponse(status=204), b""),
    ],
)
async def test_djangos_answers_arrive_as_they_are(response: Any, body: bytes) -> None:
    sent = await _ask(_answering(response))

    assert b"".join(message.get("body", b"") for message in sent) == body


async def test_a_long_answer_is_sent_in_big_parts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "GATHER_BYTES", 1000)
    rows = [b"%06d\n" % number for number in range(1000)]

    sent = await _ask(_answering(iter(rows)))

    bodies = sent[1:]
    assert b"".join(message["body"] for message in bodies) == b"".join(rows)
    assert [message["more_body"] for message in bodies] == [True] * (len(bodies) - 1) + [False]
    assert len(bodies) < 10


async def test_rows_that_come_slowly_are_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "GATHER_SECONDS", 0.0)

    sent = await _ask(_answering(iter([b"first", b"second"])))

    assert [message.get("body") for message in sent] == [None, b"first", b"second", b""]


async def test_every_answer_is_closed_in_its_thread(tmp_path: Any) -> None:
    closed: list[str] = []

    class Answer(list[bytes]):
        def close(self) -> None:
            closed.append(threading.current_thread().name)

    await _ask(_answering(Answer([b"x"])))
    (tmp_path / "big").write_bytes(b"x" * 600_000)
    file = FileResponse((tmp_path / "big").open("rb"))
    sent = await _ask(_answering(file))

    assert closed[0].startswith("WSGI")
    assert sum(len(message.get("body", b"")) for message in sent) == 600_000
    assert file.closed


async def test_an_answer_that_breaks_in_the_middle_is_never_ended_as_if_it_were_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "GATHER_BYTES", 1)

    def broken() -> Iterator[bytes]:
        yield b"first half"
        raise ValueError("the second half is missing")

    sent: list[dict[str, Any]] = []
    with pytest.raises(ValueError, match="second half"):
        await _ask(_answering(broken()), sent=sent)

    assert [message.get("body") for message in sent] == [None, b"first half"]
    assert sent[-1]["more_body"] is True


async def test_a_request_that_was_given_up_is_not_begun() -> None:
    begun: list[str] = []

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        begun.append("begun")
        return []

    sent = await _ask(app, Exchange(body=b"", abandoned=True))

    assert (sent, begun) == ([], [])
