"""The JSON door."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import devices
from attendance.api import HTTP_STATUS
from attendance.models import Attendance, Scan
from attendance.outcomes import Outcome
from attendance.tests.factories import make_device
from checkin_project.platform.access import Role
from events.models import Event
from events.tests.factories import make_event, make_group
from members.keys import create_key
from members.models import ApiKey
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def key() -> str:
    return create_key("Integrator", ["check_in"])[1]


def event_now(**fields: Any) -> Event:
    now = timezone.now()
    times = {"starts_at": now - timedelta(minutes=10), "ends_at": now + timedelta(hours=1)}
    return make_event(**(times | fields))


def post(url: str, token: str, body: Any) -> Answer:
    client = Client(headers={"Authorization": f"Bearer {token}"})
    response = client.post(url, json.dumps(body), content_type="application/json")
    return response.status_code, response.json()


def check_in(token: str, where: Event, **fields: Any) -> Answer:
    return post("/api/check-ins", token, {"event": where.code, "operation_id": str(uuid4())} | fields)


def test_a_key_checks_in_by_v_number_and_hears_the_numbers(key: str) -> None:
    number = next_v_number()
    make_member(first_name="Ana", last_name="Kovač", v_number=number)

    status, answer = check_in(key, event_now(), code=number)

    assert (status, answer["outcome"], answer["message"]) == (201, "checked_in", "Ana Kovač is checked in.")
    assert answer["attendance"] == {"id": Attendance.objects.get().pk, "name": "Ana Kovač", "party_size": 1}
    assert answer["counts"] == {
        "expected": 0,
        "checked_in": 1,
        "inside": 1,
        "walk_ins": 1,
        "no_shows": 0,
        "shown": 0,
        "show_rate": None,
    }


def test_a_retry_gets_status_and_answer_of_the_first_time(key: str) -> None:
    ben, event, operation = make_member(), event_now(), str(uuid4())

    first = check_in(key, event, member=ben.pk, operation_id=operation)
    again = check_in(key, event, member=ben.pk, operation_id=operation)

    assert (first[0], again[0]) == (201, 201)
    assert again[1] == first[1] | {"replayed": True}
    assert Scan.objects.count() == 1


def test_a_duplicate_is_200_and_carries_the_first_time_and_door(key: str) -> None:
    ben, event = make_member(), event_now()
    check_in(key, event, member=ben.pk)

    status, answer = check_in(key, event, member=ben.pk)

    assert (status, answer["outcome"]) == (200, "already_in")
    assert answer["details"]["since_method"] == "api"
    assert answer["details"]["since_at"]


def test_an_exit_and_an_undo_go_through_the_same_door(key: str) -> None:
    ben, event, entry = make_member(), event_now(), str(uuid4())
    check_in(key, event, member=ben.pk, operation_id=entry)

    left = check_in(key, event, member=ben.pk, kind="exit")
    undone = post("/api/check-ins/undo", key, {"event": event.code, "undoes": entry, "operation_id": str(uuid4())})

    assert (left[0], left[1]["outcome"], left[1]["counts"]["inside"]) == (201, "checked_out", 0)
    assert (undone[0], undone[1]["outcome"], undone[1]["counts"]["checked_in"]) == (200, "undone", 0)


def test_a_guest_checks_in_by_name(key: str) -> None:
    status, answer = check_in(key, event_now(), guest_name="  Cleo   van Dyk ")

    assert (status, answer["attendance"]["name"]) == (201, "Cleo van Dyk")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unknown": 1}, "unknown"),
        ({"operation_id": "nonsense"}, "operation_id"),
        ({"operation_id": None}, "operation_id"),
        ({"event": 7}, "event"),
        ({"event": "X" * 4000}, "event"),
        ({"kind": "sideways"}, "kind"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2026-11-20T18:00:00"}, "occurred_at"),
        ({"party_size": 0}, "party_size"),
        ({"party_size": 10**30}, "party_size"),
        ({"member": 10**30, "code": None}, "member"),
        ({"member": 1}, "body"),
        ({"code": None}, "body"),
        ({"method": "staff"}, "method"),
        ({"code": None, "guest_name": "\u200b"}, None),
        ({"code": None, "guest_name": "a\u202eb"}, None),
    ],
)
def test_bad_input_is_400_and_names_the_field(key: str, change: dict[str, Any], field: str | None) -> None:
    body = {"code": "V01234567"} | change

    status, answer = check_in(key, event_now(), **body)

    assert (status, answer["error"]["code"]) == (400, "invalid")
    assert answer["error"]["message"]
    if field is not None:
        assert list(answer["error"]["fields"]) == [field]
    assert not Scan.objects.exists()


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[" * 100_000, b"\xff\xfe", b'"text"', b"[]", b'{"a":'])
def test_what_is_no_json_object_is_400(key: str, body: bytes) -> None:
    client = Client(headers={"Authorization": f"Bearer {key}"})

    response = client.post("/api/check-ins", body, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("code", ["\ud800", "\x00", "'; DROP TABLE members; --", "🎉" * 50])
def test_odd_codes_find_nobody(key: str, code: str) -> None:
    status, answer = check_in(key, event_now(), code=code)

    if status == 400:
        assert answer["error"]["code"] == "invalid"
    else:
        assert (status, answer["outcome"]) == (404, "not_found")


@pytest.mark.parametrize("token", ["", "ck_nonsense", "dv_nonsense", "x" * 5000, "ck_" + "é" * 40])
def test_without_a_valid_key_nothing_is_told(token: str) -> None:
    status, answer = check_in(token.encode().decode("latin-1"), event_now(), code="V01234567")

    assert (status, answer["error"]["code"]) == (401, "unauthorized")


def test_a_revoked_and_an_expired_key_are_strangers() -> None:
    revoked, revoked_secret = create_key("Old", ["check_in"])
    ApiKey.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    _late, expired_secret = create_key("Late", ["check_in"], expires_at=timezone.now() - timedelta(seconds=1))

    for secret in (revoked_secret, expired_secret):
        assert check_in(secret, event_now(), code="V01234567")[0] == 401


def test_a_key_for_reading_cannot_check_in() -> None:
    _key, secret = create_key("Screen", ["read_counts"])

    status, answer = check_in(secret, event_now(), code="V01234567")

    assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_a_key_for_one_event_sees_no_other() -> None:
    own, other = event_now(), event_now()
    _key, secret = create_key("Door", ["check_in"], event_code=own.code)

    assert check_in(secret, own, member=make_member().pk)[0] == 201
    status, answer = check_in(secret, other, member=make_member().pk)
    assert (status, answer["error"]["code"]) == (404, "event_not_found")


def test_an_override_needs_its_scope(key: str) -> None:
    event = event_now(check_in={"walk_ins": "refuse"})
    _key, strong = create_key("Desk", ["check_in", "override"])
    body = {"member": make_member().pk, "override_reason": "Guest of honour"}

    assert check_in(key, event, **body)[0] == 403
    assert check_in(strong, event, **body)[1]["outcome"] == "checked_in"
    assert Scan.objects.get().reason == "Guest of honour"


def test_a_device_checks_in_at_its_event_through_its_own_door() -> None:
    event, other, ben = event_now(), event_now(), make_member(v_number=next_v_number())
    device, token = make_device(event_id=event.pk, at=timezone.now())

    assert check_in(token, event, code=ben.v_number)[0] == 201
    assert check_in(token, other, code=ben.v_number)[0] == 404
    assert (Scan.objects.get().device, Scan.objects.get().method) == (device, "kiosk")


def test_a_kiosk_cannot_try_out_numbers_of_members() -> None:
    event = event_now()
    _device, token = make_device(event_id=event.pk, at=timezone.now())

    assert check_in(token, event, member=make_member().pk)[0] == 403


def test_a_groups_device_works_at_the_groups_events_only() -> None:
    group = make_group()
    _device, token = make_device(group_id=group.pk, at=timezone.now())

    assert check_in(token, event_now(group=group), guest_name="Cleo")[0] == 201
    assert check_in(token, event_now(), guest_name="Cleo")[0] == 404


def test_a_revoked_device_is_a_stranger_at_once() -> None:
    device, token = make_device(at=timezone.now())
    devices.revoke(device, at=timezone.now())

    assert check_in(token, event_now(), guest_name="Cleo")[0] == 401


def test_a_stewards_device_takes_back_its_own_and_no_others() -> None:
    event = event_now()
    _own, token = make_device(event_id=event.pk, at=timezone.now())
    _other, other_token = make_device(event_id=event.pk, at=timezone.now(), role=Role.STEWARD)
    entry = str(uuid4())
    check_in(token, event, guest_name="Cleo", operation_id=entry)
    body = {"event": event.code, "undoes": entry}

    foreign = post("/api/check-ins/undo", other_token, body | {"operation_id": str(uuid4())})
    own = post("/api/check-ins/undo", token, body | {"operation_id": str(uuid4())})

    assert (foreign[0], own[1]["outcome"]) == (403, "undone")


def test_reading_numbers_changes_no_row(key: str) -> None:
    event = event_now()
    check_in(key, event, guest_name="Cleo")
    ApiKey.objects.update(last_used_at=None)

    response = Client(headers={"Authorization": f"Bearer {key}"}).get(f"/api/events/{event.code}/counts")

    assert (response.status_code, response.json()["checked_in"]) == (200, 1)
    assert ApiKey.objects.get().last_used_at is None


def test_numbers_of_an_unknown_event_are_404(key: str) -> None:
    response = Client(headers={"Authorization": f"Bearer {key}"}).get("/api/events/NOPENOPE/counts")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "event_not_found")


def test_an_entry_takes_at_most_six_statements_and_a_duplicate_three(key: str) -> None:
    event, number = event_now(group=make_group(), check_in={"points": 5}), next_v_number()
    make_member(v_number=number)
    check_in(key, event, guest_name="Warming up")

    with CaptureQueriesContext(connection) as entry:
        check_in(key, event, code=number)
    with CaptureQueriesContext(connection) as duplicate:
        check_in(key, event, code=number)

    assert _decisive(entry) <= 6
    assert _decisive(duplicate) <= 3


def _decisive(queries: CaptureQueriesContext) -> int:
    """Statements, transaction control aside; the numbers in the answer are counted at most every now and then."""
    aside = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    counting = 'AS "expected"'
    return sum(not query["sql"].startswith(aside) and counting not in query["sql"] for query in queries)


def test_every_outcome_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(Outcome)


def test_the_description_and_its_pages_are_served_from_here() -> None:
    client = Client()

    description = client.get("/api/openapi.json").json()
    page = client.get("/api/docs").content.decode()

    assert {"/api/check-ins", "/api/check-ins/undo", "/api/events/{code}/counts"} <= set(description["paths"])
    assert "https://" not in page
    assert "swagger-ui-bundle.js" in page
