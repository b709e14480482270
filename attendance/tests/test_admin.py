"""Admin pages of attendance, scans and devices, and of what hangs on them; every list by every role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from attendance.devices import device_for_token
from attendance.models import Attendance, Device, Method, Scan
from attendance.outcomes import Outcome
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.factories import AT, SUPERVISOR, come_in, make_device
from checkin_project.platform.access import Role
from checkin_project.platform.models import Backup, ImportRun, ScheduledJob, User
from checkin_project.platform.tests.admin_pages import act, browser_of, messages_of, page, signed_in, text_of
from checkin_project.platform.tests.factories import make_import_run, make_user
from events.models import Category, Event, Group, GroupMember, GroupRole, RunDay, Series
from events.tests.factories import make_event, make_group, make_series
from members import loyalty, passes
from members.keys import create_key
from members.models import ApiKey, LoyaltyEntry, Member, Pass
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ALL: list[str] = [Role.STEWARD, Role.SUPERVISOR, Role.ORGANISER, Role.ADMINISTRATOR]
GROUP_STAFF = "group organiser"
# Whose role opens the list; Cleo, who has none, is sent to sign in everywhere.
LISTS: dict[type[Any], list[str]] = {
    Attendance: [*ALL[1:], GROUP_STAFF],
    Scan: [*ALL[1:], GROUP_STAFF],
    Device: [*ALL[2:], GROUP_STAFF],
    Event: [*ALL, GROUP_STAFF],
    Group: [*ALL, GROUP_STAFF],
    Series: [*ALL, GROUP_STAFF],
    RunDay: [*ALL, GROUP_STAFF],
    Category: [*ALL, GROUP_STAFF],
    GroupMember: [*ALL[1:], GROUP_STAFF],
    GroupRole: ALL[3:],
    Member: [*ALL[1:], GROUP_STAFF],
    LoyaltyEntry: [*ALL[2:], GROUP_STAFF],
    Pass: [*ALL[2:], GROUP_STAFF],
    ApiKey: ALL[3:],
    User: ALL[3:],
    ImportRun: ALL[2:],
    ScheduledJob: ALL[3:],
    Backup: ALL[3:],
    DBTaskResult: ALL[3:],
}


def _staff_of(group: Group, role: Role = Role.ORGANISER) -> User:
    user = make_user(None)
    GroupRole.objects.create(user=user, group=group, role=role)
    return user


def _client(who: str) -> Client:
    return browser_of(_staff_of(make_group())) if who == GROUP_STAFF else signed_in(Role(who))


def open_event(**fields: Any) -> Event:
    """An event that is open now: the admin's clock is the real one."""
    now = timezone.now()
    return make_event(**({"starts_at": now - timedelta(minutes=30), "ends_at": now + timedelta(hours=2)} | fields))


# --- Lists ------------------------------------------------------------------------------------------


def test_every_model_of_the_admin_is_in_the_table() -> None:
    assert set(LISTS) == set(admin.site._registry)


@pytest.mark.parametrize("who", [*ALL, GROUP_STAFF])
def test_every_list_opens_for_whom_the_table_says(who: str) -> None:
    client = _client(who)

    opened = {model for model in LISTS if client.get(page(model, "changelist")).status_code == 200}

    assert opened == {model for model, whose in LISTS.items() if who in whose}


def test_a_stranger_is_sent_to_sign_in_by_every_list() -> None:
    cleo = signed_in(None)

    answers = {cleo.get(page(model, "changelist"))["Location"].split("?")[0] for model in LISTS}

    assert answers == {"/admin/login/"}


def _row_of(model: type[Any], number: int) -> None:
    """One more row with all that its list shows."""
    group = make_group()
    event = make_event(group=group)
    member = make_member(v_number=f"V{number:08d}")
    come_in(member, event)
    GroupMember.objects.get_or_create(group=group, member=member)
    GroupRole.objects.create(user=make_user(None), group=group, role=Role.STEWARD)
    make_device(event_id=event.pk)
    RunDay.objects.create(series=make_series(group=group), date="2026-11-20")
    Category.objects.create(name=f"Games {number}", slug=f"games-{number}")
    passes.issue(member, at=AT)
    loyalty.award(member.pk, 5, description="Came", at=AT)
    create_key("Door", ["check_in"])
    make_import_run(created_by=make_user(None))
    ScheduledJob.objects.create(name=f"job-{number}")
    Backup.objects.create(name=f"backup-{number}", made_at=AT, size=1)
    DBTaskResult.objects.create(task_path="nothing", run_after=AT, args_kwargs={})


@pytest.mark.parametrize("model", list(LISTS), ids=lambda model: model.__name__)
def test_a_list_asks_the_database_as_often_for_three_rows_as_for_one(
    model: type[Any], django_assert_max_num_queries: Any
) -> None:
    client = signed_in(Role.ADMINISTRATOR, is_superuser=True)
    _row_of(model, 1)
    client.get(page(model, "changelist"))

    with django_assert_max_num_queries(40) as one:
        client.get(page(model, "changelist"))
    _row_of(model, 2)
    _row_of(model, 3)
    with django_assert_max_num_queries(40) as three:
        response = client.get(page(model, "changelist"))

    assert len(response.context["cl"].result_list) >= 3
    assert len(three) == len(one)


def test_group_staff_see_their_groups_attendance_and_scans_only() -> None:
    own, foreign = make_group(), make_group()
    ben = make_member()
    mine = come_in(ben, make_event(group=own))
    theirs = come_in(ben, make_event(group=foreign))
    client = browser_of(_staff_of(own))

    shown = [row.pk for row in client.get(page(Attendance, "changelist")).context["cl"].result_list]
    scans = [scan.attendance_id for scan in client.get(page(Scan, "changelist")).context["cl"].result_list]

    assert (shown, scans) == ([mine.attendance_id], [mine.attendance_id])
    assert client.get(page(Attendance, "change", theirs.attendance_id)).status_code == 302
    assert client.get(page(Attendance, "history", theirs.attendance_id)).status_code == 302


def test_a_members_page_tells_group_staff_nothing_of_foreign_events() -> None:
    own, foreign = make_group(), make_group()
    ben = make_member()
    come_in(ben, make_event(name="Blitz", group=own))
    come_in(ben, make_event(name="Rehearsal", group=foreign))

    text = text_of(browser_of(_staff_of(own)).get(page(Member, "change", ben.pk)))

    assert ("Blitz" in text, "Rehearsal" in text) == (True, False)


def test_the_event_list_counts_who_is_expected_and_who_came() -> None:
    event = make_event()
    register(by_member(make_member().pk), event.code, by=SUPERVISOR, at=event.starts_at, party_size=2)
    come_in(make_member(first_name="Cleo"), event)

    (row,) = signed_in().get(page(Event, "changelist")).context["cl"].result_list

    assert (row.expected_heads, row.checked_in_heads, row.inside_heads) == (2, 1, 1)


def test_attendance_is_found_by_name_number_and_event() -> None:
    ana, ben = make_member(first_name="Ana", last_name="Müller", v_number="V01234567"), make_member()
    party, other = make_event(), make_event()
    for who, event in ((ana, party), (ben, party), (ben, other), (by_guest_name("Cleo Stranger"), other)):
        come_in(who, event)
    client = signed_in()

    def found(**query: str | int) -> list[str]:
        rows = client.get(page(Attendance, "changelist"), query).context["cl"].result_list
        return sorted(row.name for row in rows)

    assert found(q="mul") == ["Ana Müller"]
    assert found(q="V01234567") == ["Ana Müller"]
    assert found(q="strang") == ["Cleo Stranger"]
    assert found(event=party.pk) == ["Ana Müller", "Ben Brown"]
    assert found(event="nonsense") == []


# --- Adding, through the rule -----------------------------------------------------------------------


def _add(client: Client, event: Event, **fields: Any) -> Any:
    sent = {"event": event.pk, "act": "check_in", "operation_id": str(uuid4())} | fields
    return client.post(page(Attendance, "add"), sent, follow=True)


def _said(response: Any) -> str:
    return " ".join(response.context["adminform"].form.non_field_errors())


def test_a_member_is_checked_in_at_the_desk() -> None:
    event, ben = open_event(), make_member()
    ana = make_user(Role.SUPERVISOR)

    response = _add(browser_of(ana), event, member=ben.pk, party_size="2")

    row, scan = Attendance.objects.get(), Scan.objects.get()
    assert (row.member, row.state, row.method, row.party_size) == (ben, "attended", Method.STAFF, 2)
    assert (row.checked_in_by, scan.user, scan.outcome) == (ana, ana, Outcome.CHECKED_IN)
    assert messages_of(response) == ["Ben Brown is checked in to Open evening."]


def test_a_guest_is_registered_only() -> None:
    event = open_event()

    _add(signed_in(), event, guest_name=" Cleo  Stranger ", act="register")

    row = Attendance.objects.get()
    assert (row.guest_name, row.state, Scan.objects.count()) == ("Cleo Stranger", "registered", 0)


def test_a_duplicate_is_said_in_words_and_nothing_typed_is_lost() -> None:
    event, ben = open_event(), make_member()
    client = signed_in()
    _add(client, event, member=ben.pk)

    again = _add(client, event, member=ben.pk, override_reason="The bus was late")

    assert Attendance.objects.count() == 1
    assert "Ben Brown has been checked in since" in _said(again)
    assert "The bus was late" in text_of(again)
    assert [scan.outcome for scan in Scan.objects.order_by("pk")] == [Outcome.CHECKED_IN, Outcome.ALREADY_IN]


def test_a_second_click_on_save_has_one_effect() -> None:
    event, ben = open_event(), make_member()
    client, operation = signed_in(), str(uuid4())

    answers = [_add(client, event, member=ben.pk, operation_id=operation) for _click in range(2)]

    assert [messages_of(answer) for answer in answers] == [["Ben Brown is checked in to Open evening."]] * 2
    assert (Attendance.objects.count(), Scan.objects.count()) == (1, 1)


def test_a_full_event_refuses_until_a_supervisor_gives_a_reason() -> None:
    event = open_event(capacity=1)
    come_in(make_member(first_name="Ana"), event, at=event.starts_at)
    ben = make_member()
    client = signed_in(Role.SUPERVISOR)

    refused = _add(client, event, member=ben.pk)
    operation = refused.context["adminform"].form["operation_id"].value()
    admitted = _add(client, event, member=ben.pk, operation_id=operation, override_reason="Fire marshal agreed")

    assert "Every seat is taken." in _said(refused)
    assert messages_of(admitted) == ["Ben Brown is checked in to Open evening."]
    scan = Scan.objects.get(outcome=Outcome.CHECKED_IN, attendance__member=ben)
    assert (scan.overrode, scan.reason) == (Outcome.FULL, "Fire marshal agreed")


def test_who_is_not_registered_is_let_in_only_when_that_is_ticked() -> None:
    event, ben = open_event(check_in={"walk_ins": "ask"}), make_member()
    client = signed_in()

    refused = _add(client, event, member=ben.pk)
    _add(client, event, member=ben.pk, walk_in_confirmed="on")

    assert "is not on the list" in _said(refused)
    assert Attendance.objects.get().is_walk_in


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a member, or type the name of a guest."),
        ({"guest_name": "\u200b"}, "Choose a member, or type the name of a guest."),
        ({"guest_name": "Cleo", "member": "yes"}, "Choose a member or type the name of a guest, not both."),
    ],
)
def test_the_form_asks_for_one_person(fields: dict[str, str], said: str) -> None:
    ben = make_member()
    if "member" in fields:
        fields = fields | {"member": str(ben.pk)}

    response = _add(signed_in(), open_event(), **fields)

    assert _said(response) == said
    assert not Attendance.objects.exists()


def test_group_staff_add_nobody_to_a_foreign_event() -> None:
    own, foreign = make_group(), make_group()
    event = open_event(group=foreign)
    client = browser_of(_staff_of(own))

    response = _add(client, event, guest_name="Cleo")

    assert "event" in response.context["adminform"].form.errors
    assert not Scan.objects.exists()


def test_a_steward_adds_nobody_here() -> None:
    assert signed_in(Role.STEWARD).get(page(Attendance, "add")).status_code == 403


# --- Changing ---------------------------------------------------------------------------------------


def test_only_the_note_of_an_attendance_is_anybodys_to_write() -> None:
    result = come_in(make_member(), make_event())

    signed_in().post(
        page(Attendance, "change", result.attendance_id),
        {"note": "Left an umbrella", "state": "no_show", "scan_count": 9},
    )

    row = Attendance.objects.get()
    assert (row.note, row.state, row.scan_count) == ("Left an umbrella", "attended", 1)


@pytest.mark.parametrize(
    ("action", "state", "inside"),
    [("take_back", "registered", False), ("check_out", "attended", False), ("cancel_registrations", "attended", True)],
)
def test_actions_go_through_the_rule(action: str, state: str, inside: bool) -> None:
    event, ben = open_event(), make_member()
    register(by_member(ben.pk), event.code, by=SUPERVISOR, at=event.starts_at)
    come_in(ben, event, at=event.starts_at)
    row = Attendance.objects.get()
    client = signed_in(Role.SUPERVISOR)

    act(client, row, action)
    before = Attendance.objects.get()
    response = act(client, row, action, confirmed="yes")

    after = Attendance.objects.get()
    assert (before.state, before.is_inside) == ("attended", True)
    assert (after.state, after.is_inside) == (state, inside)
    assert messages_of(response) == ["Done for 1 person."]


def test_an_action_says_whom_the_rule_refused() -> None:
    event = open_event()
    inside, outside = make_member(first_name="Ana"), make_member()
    come_in(inside, event, at=event.starts_at)
    register(by_member(outside.pk), event.code, by=SUPERVISOR, at=event.starts_at)
    rows = list(Attendance.objects.order_by("pk"))

    response = act(signed_in(), rows[0], "check_out", rows[1], confirmed="yes")

    assert messages_of(response) == [
        "Ben Brown is not checked in, so there is nothing to check out of.",
        "Done for 1 person.",
    ]


def test_an_action_on_a_foreign_attendance_does_nothing() -> None:
    own, foreign = make_group(), make_group()
    event = open_event(group=foreign)
    come_in(make_member(), event, at=event.starts_at)
    row = Attendance.objects.get()

    act(browser_of(_staff_of(own)), row, "take_back", confirmed="yes")

    assert Attendance.objects.get().attended


def test_scans_are_only_ever_read() -> None:
    come_in(make_member(), make_event())
    scan = Scan.objects.get()
    client = signed_in(Role.ADMINISTRATOR, is_superuser=True)

    statuses = [
        client.get(page(Scan, "change", scan.pk)).status_code,
        client.get(page(Scan, "add")).status_code,
        client.post(page(Scan, "change", scan.pk), {"outcome": "full"}).status_code,
        client.post(page(Scan, "delete", scan.pk), {"post": "yes"}).status_code,
    ]

    assert statuses == [200, 403, 403, 403]


def test_a_revoked_device_is_a_stranger_at_once() -> None:
    device, token = make_device(event_id=open_event().pk)

    act(signed_in(), device, "revoke_devices", confirmed="yes")

    device.refresh_from_db()
    assert device.revoked_at is not None
    assert device_for_token(token, at=AT) is None


def test_devices_come_by_pairing_only() -> None:
    assert signed_in(Role.ADMINISTRATOR).get(page(Device, "add")).status_code == 403
