"""The ways into the application: pages through all middleware, programs past some, one of their doors past Django."""

import io
import json
import sys
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from attendance import checkin
from attendance.models import Scan
from checkin_project import wsgi
from checkin_project.platform.apihandler import ApiHandler, is_api
from checkin_project.platform.logs import REQUEST_ID
from checkin_project.platform.tests.factories import make_user
from checkin_project.wsgi import application
from events.tests.factories import make_event
from members.keys import create_key

# Each request of a real server drops old connections, which a test's own transaction would not survive.
pytestmark = pytest.mark.django_db(transaction=True)


Answered = tuple[int, dict[str, str], bytes]


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Answered:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    } | {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    told: list[tuple[str, list[tuple[str, str]]]] = []
    response = application(environ, lambda status, found, _error=None: told.append((status, found)))
    content = b"".join(response)
    return int(told[0][0].split()[0]), dict(told[0][1]), content


@pytest.mark.parametrize(
    ("path", "short"),
    [("/api/check-ins", True), ("/api/openapi.json", True), ("/api/docs", False), ("/", False), ("/apiary/", False)],
)
def test_only_programs_doors_take_the_short_way(path: str, short: bool) -> None:
    assert is_api(path) == short


def test_a_program_checks_in_and_gets_the_headers_of_every_answer() -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])
    body = {"event": event.code, "guest_name": "Cleo", "operation_id": str(uuid4())}

    status, headers, content = ask(
        "POST", "/api/check-ins", json.dumps(body).encode(), authorization=f"Bearer {secret}"
    )

    assert (status, json.loads(content)["outcome"]) == (201, "checked_in")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-ID"]
    assert "Set-Cookie" not in headers


def test_a_signed_in_browser_opens_nothing_there() -> None:
    client = Client()
    client.force_login(make_user())
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())

    status, _headers, content = ask("POST", "/api/check-ins", b"{}", cookie=cookies)

    assert (status, json.loads(content)["error"]["code"]) == (401, "unauthorized")
    assert not Scan.objects.exists()


def test_a_foreign_host_and_an_unknown_address_are_told_in_json() -> None:
    foreign = ask("POST", "/api/check-ins", b"{}", host="evil.example")
    unknown = ask("GET", "/api/nothing")

    assert (foreign[0], unknown[0]) == (400, 404)
    assert json.loads(foreign[2])["error"]["message"]
    assert json.loads(unknown[2])["error"]["message"]


def test_the_pages_of_the_api_keep_the_policy_for_scripts() -> None:
    status, headers, _content = ask("GET", "/api/docs")

    assert status == 200
    assert "script-src 'self'" in headers["Content-Security-Policy"]


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that Django's handler was asked for."""
    asked: list[str] = []

    def handle(environ: dict[str, Any], start_response: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return handler(environ, start_response)

    handler = ApiHandler()
    monkeypatch.setattr(wsgi._door, "otherwise", handle)
    return asked


def body_for(code: str, **also: object) -> bytes:
    return json.dumps({"event": code, "operation_id": str(uuid4())} | also).encode()


def knock(secret: str, body: bytes, **headers: str) -> Answered:
    return ask("POST", "/api/check-ins", body, authorization=f"Bearer {secret}", **headers)


def test_a_plain_check_in_passes_django_by_and_its_repetition_too(ordinary: list[str]) -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])
    body = body_for(event.code, guest_name="Cleo")

    first, again = knock(secret, body), knock(secret, body)

    assert (first[0], again[0]) == (201, 201)
    assert json.loads(again[2]) == json.loads(first[2]) | {"replayed": True}
    assert ordinary == []


def test_both_ways_answer_with_the_same_words_and_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])
    body = body_for(event.code, guest_name="Cleo")

    short = knock(secret, body, x_request_id="the-same-id")
    monkeypatch.setattr(wsgi._door, "door", lambda token, body: None)
    long = knock(secret, body, x_request_id="the-same-id")

    assert json.loads(long[2]) == json.loads(short[2]) | {"replayed": True}
    assert {name: value for name, value in long[1].items() if name != "Content-Length"} == {
        name: value for name, value in short[1].items() if name != "Content-Length"
    }


def test_whatever_is_not_accepted_is_refused_by_the_ordinary_way(ordinary: list[str]) -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])
    _key, reader = create_key("Numbers", ["read_counts"])
    good = body_for(event.code, guest_name="Cleo")

    answers = [
        knock("ck_nobody", good),
        knock(reader, good),
        knock(secret, b"{"),
        knock(secret, body_for(event.code)),
        knock(secret, body_for(event.code, guest_name="\u202e")),
        knock(secret, body_for(event.code, guest_name="Cleo", surprise=1)),
        ask("GET", "/api/check-ins", authorization=f"Bearer {secret}"),
        knock(secret, good, host="evil.example"),
        knock(secret, good + b" " * 10_000),
    ]

    assert [status for status, _headers, _content in answers] == [401, 403, 400, 400, 400, 400, 405, 400, 201]
    assert len(ordinary) == len(answers)
    assert Scan.objects.count() == 1


def test_an_unknown_event_is_told_without_a_detour(ordinary: list[str]) -> None:
    _key, secret = create_key("Door", ["check_in"])

    status, _headers, content = knock(secret, body_for("ABCDEFGH", guest_name="Cleo"))

    assert (status, json.loads(content)["error"]["code"]) == (404, "event_not_found")
    assert ordinary == []


def test_a_lost_database_is_told_at_once_and_not_asked_a_second_time(
    monkeypatch: pytest.MonkeyPatch, ordinary: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])
    tries: list[int] = []

    def lost(*args: Any, **kwargs: Any) -> None:
        tries.append(1)
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(checkin, "read_facts", lost)
    status, headers, content = knock(secret, body_for(event.code, guest_name="Cleo"))

    assert (status, json.loads(content)["error"]["code"]) == (503, "unavailable")
    assert headers["Retry-After"]
    assert (len(tries), ordinary) == (1, [])
    assert "database unavailable" in caplog.text


def test_a_mistake_in_the_rule_is_answered_and_reported_as_everywhere(
    monkeypatch: pytest.MonkeyPatch, ordinary: list[str]
) -> None:
    event = make_event(starts_at=timezone.now())
    _key, secret = create_key("Door", ["check_in"])

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(checkin, "decide", broken)
    status, _headers, _content = knock(secret, body_for(event.code, guest_name="Cleo"))

    assert (status, ordinary) == (500, ["/api/check-ins"])


def test_what_came_unencrypted_is_sent_to_https_by_the_ordinary_way(settings: Any, ordinary: list[str]) -> None:
    _key, secret = create_key("Door", ["check_in"])
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    knock(secret, body_for("ABCDEFGH", guest_name="Cleo"))
    knock(secret, body_for("ABCDEFGH", guest_name="Cleo"), x_forwarded_proto="http")
    assert len(ordinary) == 2
    status, _headers, _content = knock(secret, body_for("ABCDEFGH", guest_name="Cleo"), x_forwarded_proto="https")

    assert (status, len(ordinary)) == (404, 2)


def test_the_log_line_is_the_same_one(caplog: pytest.LogCaptureFixture) -> None:
    event = make_event(starts_at=timezone.now())
    key, secret = create_key("Door", ["check_in"])

    with caplog.at_level("INFO", "checkin.request"):
        _status, headers, _content = knock(secret, body_for(event.code, guest_name="Cleo"))

    (line,) = [record.fields for record in caplog.records if hasattr(record, "fields")]
    assert {name: value for name, value in line.items() if name != "ms"} == {
        "method": "POST",
        "route": "/api/check-ins",
        "status": 201,
        "actor": "key",
        "actor_id": key.pk,
    }
    assert REQUEST_ID.get() == headers["X-Request-ID"]
