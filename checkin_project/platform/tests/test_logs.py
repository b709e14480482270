import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from checkin_project.platform.logs import HIDDEN, REQUEST_ID, Formatter, clean, redact

CANARIES = ("canary-secret", "canary@example.org", "V01234567", "canary-token", "Canary Kay")


@pytest.fixture(params=[True, False], ids=["json", "text"])
def output(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a real handler with the real formatter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter(as_json=request.param))
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def _assert_clean(text: str) -> None:
    assert text
    assert [canary for canary in CANARIES if canary in text] == []


def test_messages_and_their_arguments_hide_what_looks_private(output: io.StringIO) -> None:
    logging.getLogger("x").warning("mail to %s about %s, Bearer canary-token", "canary@example.org", "V01234567")

    _assert_clean(output.getvalue())
    assert "mail to" in output.getvalue()


def test_fields_are_hidden_by_their_names(output: io.StringIO) -> None:
    logging.getLogger("x").warning(
        "sign-in", extra={"password": "canary-secret", "Set-Cookie": "canary-token", "first_name": "Canary Kay"}
    )

    _assert_clean(output.getvalue())


def test_structlog_goes_the_same_way(output: io.StringIO) -> None:
    structlog.get_logger("x").warning(
        "paired", device_token="canary-token", holder={"email": "canary@example.org", "items": [("V01234567",)]}
    )

    _assert_clean(output.getvalue())


def test_tracebacks_are_hidden_in_too(output: io.StringIO) -> None:
    try:
        raise ValueError('(canary@example.org)\nDETAIL:  Key (guest_key)=(Canary Kay) exists. token="canary-secret"')
    except ValueError:
        logging.getLogger("x").exception("import failed for V01234567")

    _assert_clean(output.getvalue())
    assert "ValueError" in output.getvalue()


def test_an_address_in_djangos_own_records_is_cut_off(output: io.StringIO) -> None:
    logging.getLogger("django.request").error("Internal Server Error: %s", "/c/canary-secret/")

    _assert_clean(output.getvalue())
    assert "Internal Server Error" in output.getvalue()


def test_a_json_line_says_when_who_and_how_bad() -> None:
    record = logging.LogRecord("attendance", logging.WARNING, __file__, 1, "a scan was late", None, None)
    token = REQUEST_ID.set("abcd1234")

    line = json.loads(Formatter(as_json=True).format(record))

    REQUEST_ID.reset(token)
    assert line.pop("timestamp")
    assert line == {"event": "a scan was late", "level": "warning", "logger": "attendance", "request_id": "abcd1234"}


def test_the_request_line_is_short_in_text_and_whole_in_json() -> None:
    record = logging.LogRecord("checkin.request", logging.INFO, __file__, 1, "request", None, None)
    fields = {"method": "GET", "route": "/kiosk/", "status": 200, "ms": 3.1, "actor": "device", "actor_id": 4}
    record.__dict__["fields"] = fields

    text = Formatter(as_json=False).format(record)
    line = json.loads(Formatter(as_json=True).format(record))

    assert text.endswith("200 GET /kiosk/ 3.1 ms")
    assert line | {"timestamp": "", "request_id": ""} == fields | {
        "event": "request",
        "level": "info",
        "timestamp": "",
        "request_id": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://checkin:canary-secret@db:5432/x",
        "Authorization: Basic canary-secret",
        "{'access_token': 'canary-secret'}",
        '{"password": "canary-secret"}',
        "password=canary-secret&x=1",
        "Failing row contains (1, Canary Kay, null).",
        "v 01234567 and V01234567",
    ],
)
def test_secrets_in_running_text_are_hidden(text: str) -> None:
    cleaned = clean(text)

    assert HIDDEN in cleaned
    assert not any(canary in cleaned for canary in CANARIES)


def test_harmless_values_stay_readable() -> None:
    fields = {"event_code": "B3C4D5F6", "count": 3, "late": True, "nothing": None, "table": "attendance"}

    assert redact(fields) == fields
