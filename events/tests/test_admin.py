"""Admin pages of groups, series and events: who sees and changes what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from checkin_project.platform.access import Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.admin_pages import act, browser_of, messages_of, page, signed_in, text_of
from checkin_project.platform.tests.factories import make_user
from events.models import Category, Event, Group, GroupMember, GroupRole, ReviewStatus, Series
from events.tests.factories import make_event, make_group, make_series
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def _staff_of(group: Group, role: Role = Role.ORGANISER) -> User:
    user = make_user(None)
    GroupRole.objects.create(user=user, group=group, role=role)
    return user


def _form(client: Client, event: Event | None, changes: dict[str, Any]) -> dict[str, Any]:
    """What the event's form sends, with some fields changed."""
    address = page(Event, "change", event.pk) if event else page(Event, "add")
    form = client.get(address).context["adminform"].form
    sent: dict[str, Any] = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, False, "", [])
    }
    for name in ("starts_at", "ends_at"):
        at = sent.pop(name, None)
        if at is not None:
            sent |= {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M}"}
    if event:
        settings = event.check_in_settings
        prefix = "check_in_settings-"
        sent |= {f"{prefix}TOTAL_FORMS": 1, f"{prefix}INITIAL_FORMS": 1}
        sent |= {f"{prefix}0-id": settings.pk, f"{prefix}0-event": event.pk}
        for field in ("opens_minutes_before", "closes_minutes_after", "walk_ins", "reentry", "self_check_in", "points"):
            sent[f"{prefix}0-{field}"] = getattr(settings, field)
        sent[f"{prefix}0-scan_mode"] = settings.scan_mode
    return sent | changes


NEW = {
    "name": "Blitz evening",
    "starts_at_0": "2026-11-27",
    "starts_at_1": "18:00",
    "ends_at_0": "2026-11-27",
    "ends_at_1": "20:00",
    "timezone": "America/New_York",
}


def test_group_staff_see_only_what_is_their_groups() -> None:
    own, foreign = make_group(name="Chess"), make_group(name="Choir")
    make_event(name="Blitz", group=own)
    theirs = make_event(name="Rehearsal", group=foreign)
    house = make_event(name="Open day")
    client = browser_of(_staff_of(own))

    shown = [event.name for event in client.get(page(Event, "changelist")).context["cl"].result_list]
    absent = [client.get(page(Event, name, pk)).status_code for name in ("change", "delete") for pk in (theirs.pk, 0)]

    assert shown == ["Blitz"]
    assert absent == [302, 302, 302, 302]
    assert client.get(page(Event, "history", theirs.pk)).status_code == 404
    assert client.get(page(Event, "change", house.pk)).status_code == 302
    assert client.get(page(Group, "change", foreign.pk)).status_code == 302


def test_filters_and_choices_name_no_foreign_group() -> None:
    own, foreign = make_group(name="Chess"), make_group(name="Secret choir")
    make_event(group=own)
    client = browser_of(_staff_of(own))

    pages = [text_of(client.get(page(Event, "changelist"))), text_of(client.get(page(Event, "add")))]
    found = client.get(
        "/admin/autocomplete/", {"app_label": "events", "model_name": "event", "field_name": "group", "term": ""}
    )

    assert [foreign.name in text for text in pages] == [False, False]
    assert [row["text"] for row in found.json()["results"]] == ["Chess"]


def test_group_staff_add_events_to_their_group_only() -> None:
    own, foreign = make_group(), make_group()
    client = browser_of(_staff_of(own))

    refused = [
        client.post(page(Event, "add"), _form(client, None, NEW | {"group": group})) for group in (foreign.pk, "")
    ]
    client.post(page(Event, "add"), _form(client, None, NEW | {"group": own.pk}))

    assert ["group" in answer.context["adminform"].form.errors for answer in refused] == [True, True]
    assert [event.group for event in Event.objects.all()] == [own]


def test_group_staff_cannot_move_an_event_to_a_foreign_group() -> None:
    own, foreign = make_group(), make_group()
    event = make_event(group=own)
    client = browser_of(_staff_of(own))

    response = client.post(page(Event, "change", event.pk), _form(client, event, {"group": foreign.pk}))

    event.refresh_from_db()
    assert (response.status_code, event.group) == (200, own)


def test_a_steward_in_one_group_gains_nothing_from_being_organiser_in_another() -> None:
    own, other = make_group(), make_group()
    user = _staff_of(own)
    GroupRole.objects.create(user=user, group=other, role=Role.STEWARD)
    event = make_event(group=other)
    client = browser_of(user)

    client.post(page(Event, "change", event.pk), {"name": "Mine now"})
    response = act(client, event, "cancel", confirmed="yes")

    event.refresh_from_db()
    assert (event.name, event.stored_status) == ("Open evening", Event.Stored.SCHEDULED)
    assert client.get(page(Event, "change", event.pk)).status_code == 200
    assert messages_of(response) == ["0 events changed."]


def test_a_host_whom_group_staff_cannot_see_stays_the_host() -> None:
    own = make_group()
    host = make_member()
    event = make_event(group=own, host=host)
    client = browser_of(_staff_of(own))

    client.post(page(Event, "change", event.pk), _form(client, event, {"name": "Blitz"}))

    event.refresh_from_db()
    assert (event.name, event.host) == ("Blitz", host)


def test_times_are_typed_in_the_events_own_zone() -> None:
    client = signed_in()

    client.post(page(Event, "add"), _form(client, None, NEW))

    event = Event.objects.get()
    assert event.starts_at == datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    assert 'value="18:00:00"' in text_of(client.get(page(Event, "change", event.pk)))


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    client = signed_in()
    night = {"starts_at_0": "2027-03-14", "starts_at_1": "02:30", "ends_at_0": "2027-03-14", "ends_at_1": "04:00"}

    response = client.post(page(Event, "add"), _form(client, None, NEW | night))

    assert "This time does not exist" in text_of(response)
    assert not Event.objects.exists()


def test_settings_are_edited_with_the_event_and_keep_history() -> None:
    event = make_event()
    client = signed_in()

    client.post(page(Event, "change", event.pk), _form(client, event, {"check_in_settings-0-walk_ins": "refuse"}))

    settings = Event.objects.get(pk=event.pk).check_in_settings
    assert [record.walk_ins for record in settings.history.all()] == ["refuse", "add"]


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("publish", {"stored_status": "draft", "hidden": True}, ("scheduled", False)),
        ("cancel", {"stored_status": "scheduled"}, ("cancelled", False)),
        ("hide", {"stored_status": "scheduled"}, ("scheduled", True)),
    ],
)
def test_an_action_asks_first_and_then_acts(action: str, before: dict[str, Any], after: tuple[str, bool]) -> None:
    event = make_event(**before)
    client = signed_in()

    question = act(client, event, action)
    unchanged = Event.objects.get(pk=event.pk)
    act(client, event, action, confirmed="yes")

    changed = Event.objects.get(pk=event.pk)
    assert "confirmed" in text_of(question)
    assert (unchanged.stored_status, unchanged.hidden) == (before["stored_status"], before.get("hidden", False))
    assert (changed.stored_status, changed.hidden) == after


def test_a_proposal_is_decided_once_and_the_first_decision_stands() -> None:
    ana = make_user(Role.ORGANISER, username="ana")
    event = make_event(review_status=ReviewStatus.PENDING)

    act(browser_of(ana), event, "approve_pending", confirmed="yes")
    late = act(signed_in(), event, "reject_pending", confirmed="yes", reason="Not ours")

    event.refresh_from_db()
    assert (event.review_status, event.reviewed_by, event.rejection_reason) == (ReviewStatus.APPROVED, ana, "")
    assert messages_of(late) == ["Nothing to decide: no pending proposal was chosen."]


def test_rejecting_takes_a_reason() -> None:
    group = make_group(review_status=ReviewStatus.PENDING)
    client = signed_in()

    without = act(client, group, "reject_pending", confirmed="yes", reason=" ")
    before = Group.objects.get(pk=group.pk).review_status
    act(client, group, "reject_pending", confirmed="yes", reason="A duplicate")

    group.refresh_from_db()
    assert "Reject these proposals?" in text_of(without)
    assert (before, group.review_status, group.rejection_reason) == ("pending", "rejected", "A duplicate")


def test_only_administrators_give_roles_in_groups() -> None:
    group = make_group()
    asked = {
        role: "roles-TOTAL_FORMS" in text_of(signed_in(role).get(page(Group, "change", group.pk))) for role in Role
    }

    assert asked == {
        Role.STEWARD: False,
        Role.SUPERVISOR: False,
        Role.ORGANISER: False,
        Role.ADMINISTRATOR: True,
    }


def test_group_staff_see_their_people_and_link_nobody_they_cannot_see() -> None:
    own = make_group()
    ben, cleo = make_member(), make_member(first_name="Cleo")
    GroupMember.objects.create(group=own, member=ben)
    client = browser_of(_staff_of(own))

    people = client.get(page(Member, "changelist")).context["cl"].result_list
    response = client.post(
        page(GroupMember, "add"),
        {"group": own.pk, "member": cleo.pk, "how": "joined", "since_0": "2026-11-20", "since_1": "18:00"},
    )

    assert list(people) == [ben]
    assert "member" in response.context["adminform"].form.errors
    assert client.get(page(Member, "change", cleo.pk)).status_code == 302


def test_group_staff_do_not_block_members_for_everybody() -> None:
    own = make_group()
    ben = make_member()
    GroupMember.objects.create(group=own, member=ben)
    client = browser_of(_staff_of(own))

    client.post(page(Member, "change", ben.pk), {"first_name": "Ben", "last_name": "Brown", "status": "blocked"})
    act(client, ben, "block", confirmed="yes")

    ben.refresh_from_db()
    assert ben.status == Member.Status.ACTIVE


def test_series_of_the_house_are_not_group_staffs() -> None:
    own = make_group()
    mine, house = make_series(group=own), make_series()
    client = browser_of(_staff_of(own))

    shown = list(client.get(page(Series, "changelist")).context["cl"].result_list)

    assert shown == [mine]
    assert client.get(page(Series, "change", house.pk)).status_code == 302


def test_everybody_with_a_role_reads_categories_and_organisers_write_them() -> None:
    category = Category.objects.create(name="Games", slug="games")
    clients = [browser_of(_staff_of(make_group())), signed_in(Role.STEWARD), signed_in(Role.ORGANISER)]

    read = [client.get(page(Category, "change", category.pk)).status_code for client in clients]
    for client in clients:
        client.post(page(Category, "add"), {"name": "Music", "slug": "music"})

    assert read == [200, 200, 200]
    assert Category.objects.filter(slug="music").count() == 1
    assert [client.get(page(Category, "add")).status_code for client in clients] == [403, 403, 200]
