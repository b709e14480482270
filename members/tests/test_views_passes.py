"""The page of a pass: for whoever holds its link, and for nobody else."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zxingcpp
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from checkin_project.platform.limits import attempts
from checkin_project.platform.logs import Formatter
from checkin_project.platform.tests.admin_pages import text_of
from members import passes
from members.models import Pass
from members.tests.factories import make_member
from members.views.passes import OPENINGS_PER_MINUTE

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
FILES = ("members:pass-svg", "members:pass-png")
UNKNOWN = "P" + "A" * 26


def _open(code: str, route: str = "members:pass", **headers: str) -> Any:
    return Client().get(reverse(route, args=[code]), headers=headers)


def test_bens_pass_shows_his_code_and_his_name() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    response = _open(code)

    assert response.status_code == 200
    assert "Ben Brown" in text_of(response)
    assert passes.in_fours(code) in text_of(response)
    assert response.context["qr"].path in text_of(response)


def test_the_title_names_nobody() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    title = text_of(_open(code)).partition("<title>")[2].partition("</title>")[0]

    assert title == "Pass · Check-in"


def test_a_minors_pass_shows_an_initial() -> None:
    _pass, code = passes.issue(make_member(is_minor=True), at=AT)

    assert "Ben B." in text_of(_open(code))
    assert "Brown" not in text_of(_open(code)) + _open(code, FILES[1])["Content-Disposition"]


@pytest.mark.parametrize("spelling", ["lower", "fours"])
def test_a_link_that_was_typed_by_hand_opens_too(spelling: str) -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    assert _open(code.lower() if spelling == "lower" else passes.in_fours(code)).status_code == 200


@pytest.mark.parametrize("route", ["members:pass", *FILES])
def test_a_replaced_pass_says_so_and_names_nobody(route: str) -> None:
    ben = make_member()
    _old, code = passes.issue(ben, at=AT)
    passes.reissue(ben, at=AT + timedelta(hours=1))

    response = _open(code, route)

    assert response.status_code == 410
    assert "This pass was replaced" in text_of(response)
    assert "Ben" not in text_of(response)


def test_a_withdrawn_pass_says_so() -> None:
    pass_, code = passes.issue(make_member(), at=AT)
    passes.revoke(pass_, at=AT)

    response = _open(code)

    assert response.status_code == 410
    assert "This pass was withdrawn" in text_of(response)


@pytest.mark.parametrize("token", [UNKNOWN, "P", "V01234567", "P" + "A" * 5000, "%00", "%F0%9F%8E%AB", "'--"])
def test_what_is_no_pass_is_said_to_be_none(token: str) -> None:
    response = Client().get(f"/pass/{token}/")

    assert response.status_code == 404
    assert "There is no such pass" in text_of(response)


@pytest.mark.parametrize("code", ["valid", UNKNOWN])
def test_no_cache_site_or_search_engine_gets_to_know_the_link(code: str) -> None:
    _pass, valid = passes.issue(make_member(), at=AT)

    response = _open(valid if code == "valid" else code)

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert "Set-Cookie" not in response.headers
    assert "manifest" not in text_of(response)


def test_previews_and_curious_methods_change_nothing() -> None:
    _pass, code = passes.issue(make_member(), at=AT)
    before = list(Pass.objects.values())

    statuses = [Client().generic(method, f"/pass/{code}/").status_code for method in ("GET", "HEAD", "OPTIONS", "POST")]

    assert statuses == [200, 200, 405, 405]
    assert list(Pass.objects.values()) == before


def test_the_pictures_are_read_as_the_code() -> None:
    _pass, code = passes.issue(make_member(first_name="Ána", last_name="Müller"), at=AT)

    png, svg = _open(code, "members:pass-png"), _open(code, "members:pass-svg")

    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)))
    assert read.text == code
    assert (png["Content-Type"], svg["Content-Type"]) == ("image/png", "image/svg+xml")
    assert text_of(svg).startswith("<?xml")
    assert code not in text_of(svg)
    assert "pass-%C3%A1na-m%C3%BCller.png" in png["Content-Disposition"]
    assert svg["Content-Disposition"].startswith("attachment")


def test_an_address_that_asks_for_thousands_is_asked_to_wait() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    response = _open(code)
    for _minute in range(2):  # One may end in between.
        for _time in range(OPENINGS_PER_MINUTE):
            attempts("pass:127.0.0.1", seconds=60)
        response = _open(code)
        if response.status_code == 429:
            break

    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "Your pass is all right" in text_of(response)
    assert _open(code, **{"X-Forwarded-For": "192.0.2.1"}).status_code == 429


def test_the_page_asks_the_database_twice_at_most() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    with CaptureQueriesContext(connection) as asked:
        _open(code)

    assert len(asked) == 2


@pytest.fixture(params=[True, False], ids=["json", "text"])
def output(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the real formatter writes of everything that is logged."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter(as_json=request.param))
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("root", "django", "django.request")}
    root.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_no_log_line_holds_a_code(output: io.StringIO) -> None:
    old, code = passes.issue(make_member(), at=AT)
    passes.revoke(old, at=AT)
    spelt = (code, code.lower(), passes.in_fours(code), UNKNOWN)

    for text in spelt:
        _open(text)
    logging.getLogger("django.request").error("Internal Server Error: %s", f"/pass/{code}/")
    logging.getLogger("x").warning("scanned %s", code)
    logging.getLogger("x").warning("scanned", extra={"found": code})

    logged = output.getvalue().upper().replace(" ", "")
    assert "/pass/<str:token>/" in output.getvalue()
    assert code not in logged
    assert UNKNOWN not in logged
