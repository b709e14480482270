import logging
import re
from time import perf_counter

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.test import Client, RequestFactory
from prometheus_client import REGISTRY
from pytest_django.fixtures import Settings

from checkin_project.platform.access import Actor
from checkin_project.platform.requests import LOGGER, RequestMiddleware, client_address


def _request(path: str = "/", **meta: str) -> HttpRequest:
    return RequestFactory().get(path, **meta)  # type: ignore[arg-type]


def _middleware(response: HttpResponse | None = None) -> RequestMiddleware:
    return RequestMiddleware(lambda request: response or HttpResponse("hello"))


def test_every_answer_carries_an_id_and_the_permissions_policy() -> None:
    first = _middleware()(_request())
    second = _middleware()(_request())

    assert re.fullmatch(r"[0-9a-f]{16}", first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert first["Permissions-Policy"] == "camera=(self), microphone=(), geolocation=()"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("4f0c-1234-abcd", True), ("short", False), ("a" * 65, False), ("abc def ghi", False), ("evil\nline1234", False)],
)
def test_an_id_from_outside_is_kept_only_when_it_is_sane(given: str, kept: bool) -> None:
    response = _middleware()(_request(HTTP_X_REQUEST_ID=given))

    assert (response["X-Request-ID"] == given) is kept


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/json"])
def test_pages_and_data_are_not_stored_by_caches(content_type: str) -> None:
    response = _middleware(HttpResponse("x", content_type=content_type))(_request())

    assert response["Cache-Control"] == "no-store"


def test_a_view_that_says_how_to_cache_is_obeyed_and_pictures_are_left_alone() -> None:
    said = _middleware(HttpResponse("x", headers={"Cache-Control": "max-age=60"}))(_request())
    picture = _middleware(HttpResponse("x", content_type="image/svg+xml"))(_request())

    assert said["Cache-Control"] == "max-age=60"
    assert "Cache-Control" not in picture


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_lost_database_is_503_with_words_and_a_time_to_retry(error: Exception) -> None:
    page = _middleware().process_exception(_request("/events/"), error)
    data = _middleware().process_exception(_request("/api/check-ins"), error)

    assert page is not None
    assert data is not None
    assert (page.status_code, page["Retry-After"], page["Content-Type"]) == (503, "3", "text/html; charset=utf-8")
    assert (data.status_code, data["Content-Type"]) == (503, "application/json")
    assert b'"code": "unavailable"' in data.content


def test_other_errors_are_left_to_the_error_page() -> None:
    assert _middleware().process_exception(_request(), ValueError("a mistake of ours")) is None


def test_a_client_that_left_while_sending_is_no_error_of_ours() -> None:
    response = _middleware().process_exception(_request(), UnreadablePostError("gone"))

    assert response is not None
    assert response.status_code == 400


def test_a_database_lost_before_the_view_is_503_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    client.cookies["session"] = "somebody"

    # pytest-django refuses the database here with RuntimeError; the session's look-up raises what a lost one would.
    def lost(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", lost)
    response = client.get("/admin/")

    assert response.status_code == 503
    assert response["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "not an address", "10.0.0.9"),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_address_of_a_client_cannot_be_forged(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = _request(REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == expected


def test_a_request_is_logged_by_route_and_actor_and_never_by_its_words(caplog: pytest.LogCaptureFixture) -> None:
    request = _request("/members/ben-brown/?q=ben")
    request._actor = Actor(device_id=7)  # type: ignore[attr-defined]

    with caplog.at_level(logging.INFO, logger=LOGGER.name):
        _middleware()(request)

    (record,) = caplog.records
    fields = record.__dict__["fields"]
    assert {**fields, "ms": 0} == {
        "method": "GET",
        "route": "unmatched",
        "status": 200,
        "ms": 0,
        "actor": "device",
        "actor_id": 7,
    }
    assert "ben" not in str(record.__dict__)


def test_requests_are_counted_by_route_and_class_of_status(client: Client) -> None:
    labels = {"method": "GET", "route": "unmatched", "status": "4xx"}
    before = REGISTRY.get_sample_value("checkin_http_requests_total", labels) or 0

    client.get("/no-such-page/")

    assert REGISTRY.get_sample_value("checkin_http_requests_total", labels) == before + 1


def test_probes_are_counted_under_their_own_names(client: Client) -> None:
    client.get("/healthz")

    assert REGISTRY.get_sample_value(
        "checkin_http_requests_total", {"method": "GET", "route": "/healthz", "status": "2xx"}
    )


def test_an_invented_method_makes_no_metric_of_its_own(client: Client) -> None:
    client.generic("BREW", "/no-such-page/")

    assert REGISTRY.get_sample_value(
        "checkin_http_requests_total", {"method": "OTHER", "route": "unmatched", "status": "4xx"}
    )


def test_it_costs_little_on_the_hot_path() -> None:
    response = HttpResponse("x")
    middleware = _middleware(response)
    request = _request()
    level = LOGGER.level
    LOGGER.setLevel(logging.WARNING)

    started = perf_counter()
    for _round in range(2000):
        middleware(request)
    microseconds = (perf_counter() - started) / 2000 * 1e6

    LOGGER.setLevel(level)
    # 30 µs are the aim on a quiet machine; the margin is for busy ones.
    assert microseconds < 150
