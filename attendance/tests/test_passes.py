"""Passes where they meet events: the next event on the page, the doors, group staff, and two clerks at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from string import ascii_uppercase
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.checkin import check_in
from attendance.models import Method
from attendance.outcomes import Outcome
from attendance.registration import register
from attendance.subjects import by_code, by_member
from attendance.tests.factories import AT, STEWARD, come_in, go_out
from attendance.tests.racing import together
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.tests.admin_pages import act, browser_of, messages_of, page, signed_in, text_of
from checkin_project.platform.tests.factories import make_user
from events.models import Event, Group, GroupMember, GroupRole
from events.tests.factories import make_event, make_group
from members import passes
from members.coming import Coming, next_for
from members.models import Member, Pass
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def _show(code: str, event: Event) -> Outcome:
    """The pass is held to a door."""
    result = check_in(by_code(code), event.code, by=STEWARD, at=AT, operation_id=uuid4(), door=Method.KIOSK)
    return result.outcome


# --- At the door --------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["as issued", "lower", "in fours", "dashes"])
def test_a_shown_pass_comes_in_however_a_scanner_spells_it(spelling: str) -> None:
    _pass, code = passes.issue(make_member(), at=AT)
    spelt = {
        "as issued": code,
        "lower": code.lower(),
        "in fours": passes.in_fours(code),
        "dashes": passes.in_fours(code).replace(" ", "-"),
    }

    assert _show(spelt[spelling], make_event()) is Outcome.CHECKED_IN


def test_a_flipped_character_lets_nobody_in() -> None:
    _pass, code = passes.issue(make_member(), at=AT)
    event = make_event()
    alphabet = ascii_uppercase + "234567"

    outcomes = {
        _show(code[:place] + alphabet[(alphabet.index(letter) + 1) % 32] + code[place + 1 :], event)
        for place, letter in enumerate(code)
    }

    assert outcomes == {Outcome.NOT_FOUND}
    assert _show(code, event) is Outcome.CHECKED_IN


def test_after_a_bulk_reissue_the_old_codes_are_refused_in_words_and_the_new_ones_come_in() -> None:
    people = [make_member() for _member in range(3)]
    old = [passes.issue(member, at=AT)[1] for member in people]
    event = make_event()

    act(signed_in(), people[0], "reissue_pass", *people[1:], confirmed="yes")

    new = [passes.code_of(pass_) for pass_ in Pass.objects.valid().order_by("member_id")]
    assert [_show(code, event) for code in old] == [Outcome.CODE_REVOKED] * 3
    assert [_show(code, event) for code in new] == [Outcome.CHECKED_IN] * 3


# --- The next event -----------------------------------------------------------------------------


def _belongs(member: Member, group: Group) -> None:
    GroupMember.objects.create(group=group, member=member)


def _coming(member: Member) -> Coming | None:
    return next_for(member, at=AT)


def test_the_page_tells_the_next_event_of_bens_groups() -> None:
    ben, group = make_member(), make_group()
    _belongs(ben, group)
    make_event(name="Last week", group=group, starts_at=AT - timedelta(days=7))
    make_event(name="Next month", group=group, starts_at=AT + timedelta(days=30))
    make_event(name="Next week", group=group, starts_at=AT + timedelta(days=7), location="Boathouse")
    make_event(name="Of others", group=make_group(), starts_at=AT + timedelta(days=1))

    coming = _coming(ben)

    assert coming is not None
    assert (coming.name, coming.location, coming.is_on, coming.is_registered) == (
        "Next week",
        "Boathouse",
        False,
        False,
    )


def test_what_ben_registered_for_counts_whoever_holds_it() -> None:
    ben, event = make_member(), make_event(starts_at=AT + timedelta(days=1))
    assert _coming(ben) is None

    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT)

    coming = _coming(ben)
    assert coming is not None
    assert (coming.is_registered, coming.is_checked_in) == (True, False)


def test_it_says_when_ben_is_in() -> None:
    ben, event = make_member(), make_event()
    come_in(ben, event, at=AT - timedelta(minutes=5))

    coming = _coming(ben)

    assert coming is not None
    assert (coming.is_on, coming.is_checked_in, coming.is_registered) == (True, True, False)
    go_out(ben, event, at=AT)
    assert _coming(ben) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"hidden": True},
        {"stored_status": Event.Stored.DRAFT},
        {"stored_status": Event.Stored.CANCELLED},
        {"review_status": "pending"},
        {"closed_at": AT - timedelta(minutes=1)},
    ],
)
def test_an_event_that_the_public_may_not_know_of_or_that_is_off_is_not_told(fields: dict[str, Any]) -> None:
    ben, event = make_member(), make_event()
    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT)
    assert _coming(ben) is not None

    Event.objects.filter(pk=event.pk).update(**fields)

    assert _coming(ben) is None


def test_times_are_the_events_own_and_a_night_names_both_days() -> None:
    ben = make_member()
    start = (timezone.now() + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)
    event = make_event(
        name="Long night",
        timezone="Asia/Tokyo",
        starts_at=start,
        ends_at=start + timedelta(hours=4),
        group=make_group(),
    )
    assert event.group
    _belongs(ben, event.group)
    _pass, code = passes.issue(ben, at=AT)

    shown = text_of(Client().get(reverse("members:pass", args=[code])))

    assert "Long night" in shown
    assert "11 p.m." in shown
    assert "3 a.m." in shown
    assert f", {event.local_start:%B} " in shown
    assert f"– {event.local_end:%B} {event.local_end.day}, 3 a.m." in shown


def test_three_events_take_as_many_queries_as_one() -> None:
    ben, group = make_member(), make_group()
    _belongs(ben, group)
    _pass, code = passes.issue(ben, at=AT)
    counts = []

    for _time in range(3):
        make_event(group=group, starts_at=timezone.now() + timedelta(days=1))
        with CaptureQueriesContext(connection) as asked:
            Client().get(reverse("members:pass", args=[code]))
        counts.append(len(asked))

    assert counts == [2, 2, 2]


# --- Group organisers ---------------------------------------------------------------------------


def _group_organiser(group: Group) -> Client:
    user = make_user(None)
    GroupRole.objects.create(user=user, group=group, role=Role.ORGANISER)
    return browser_of(user)


def test_a_group_organiser_gives_passes_to_the_linked_members_only() -> None:
    group, ben, cleo = make_group(), make_member(), make_member(first_name="Cleo")
    _belongs(ben, group)
    client = _group_organiser(group)

    response = act(client, ben, "issue_pass", cleo, confirmed="yes")

    assert messages_of(response) == ["1 pass issued."]
    assert list(Pass.objects.values_list("member", flat=True)) == [ben.pk]


def test_a_role_that_only_looks_in_one_group_gives_nobody_there_a_pass() -> None:
    own, other, ben, cleo = make_group(), make_group(), make_member(), make_member(first_name="Cleo")
    _belongs(ben, own)
    _belongs(cleo, other)
    user = make_user(None)
    GroupRole.objects.create(user=user, group=own, role=Role.ORGANISER)
    GroupRole.objects.create(user=user, group=other, role=Role.SUPERVISOR)

    response = act(browser_of(user), ben, "issue_pass", cleo, confirmed="yes")

    assert messages_of(response) == ["1 pass issued, 1 not yours to change."]
    assert list(Pass.objects.values_list("member", flat=True)) == [ben.pk]


def test_a_group_organiser_sees_and_prints_the_passes_of_linked_members_only() -> None:
    group, ben, cleo = make_group(), make_member(), make_member(first_name="Cleo")
    _belongs(ben, group)
    _mine, code = passes.issue(ben, at=AT)
    foreign, foreign_code = passes.issue(cleo, at=AT)
    client = _group_organiser(group)

    listed = text_of(client.get(page(Pass, "changelist")))
    printed = act(client, ben, "print_cards", cleo)

    assert (code in listed, foreign_code in listed) == (True, False)
    assert client.get(page(Pass, "change", foreign.pk)).status_code == 302
    assert [card.name for sheet in printed.context["sheets"] for card in sheet] == ["Ben Brown"]


def test_cards_chosen_before_a_role_ended_are_not_shown_after_it() -> None:
    group, ben, other = make_group(), make_member(), make_group()
    _belongs(ben, group)
    passes.issue(ben, at=AT)
    user = make_user(None)
    GroupRole.objects.create(user=user, group=group, role=Role.ORGANISER)
    GroupRole.objects.create(user=user, group=other, role=Role.ORGANISER)
    client = browser_of(user)
    address = act(client, ben, "print_cards").redirect_chain[-1][0]
    assert len(client.get(address).context["sheets"]) == 1

    GroupRole.objects.filter(group=group).delete()

    assert client.get(address).context["sheets"] == []


# --- Two clerks ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(5))
def test_four_clerks_who_issue_at_once_make_one_pass_each(round_: int) -> None:
    people = [make_member() for _member in range(5)]
    everybody = Member.objects.filter(pk__in=[member.pk for member in people])

    given = together([lambda: passes.issue_many(everybody, at=AT)] * 4)

    assert sum(len(each.fresh) for each in given) == 5
    assert Pass.objects.valid().count() == 5


@pytest.mark.django_db(transaction=True)
def test_clerks_who_issue_reissue_and_revoke_at_once_never_leave_two_valid_passes() -> None:
    people = [make_member() for _member in range(5)]
    everybody = Member.objects.filter(pk__in=[member.pk for member in people])
    backwards = everybody.order_by("-pk")
    acts: list[Callable[[], Any]] = [
        lambda: passes.issue_many(everybody, at=AT),
        lambda: passes.reissue_many(backwards, at=AT),
        lambda: passes.reissue_many(everybody, at=AT),
        lambda: passes.revoke_many(backwards, at=AT),
        lambda: passes.issue(people[2], at=AT),
        lambda: passes.reissue(people[3], at=AT),
    ]

    together(acts * 3)

    valid = list(Pass.objects.valid().values_list("member_id", flat=True))
    assert len(valid) == len(set(valid))


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_clerks_collide() -> None:
    """The negative control: the checkers above can fail."""
    ben = make_member()

    def look_then_make() -> bool:
        gone = not Pass.objects.valid().filter(member=ben).exists()
        try:
            if gone:
                passes._make([ben.pk], AT)
        except IntegrityError:
            return True
        return False

    collided = False
    for _round in range(20):
        collided = collided or any(together([look_then_make] * 8))
        Pass.objects.all().delete()

    assert collided


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_bulk_reissue_under_way_keeps_nobody_waiting_at_a_door() -> None:
    ben, event = make_member(), make_event()
    passes.issue(ben, at=AT)

    with transaction.atomic():
        passes.reissue_many(Member.objects.all(), at=AT)
        # Another connection, while the members are held. It would give up after five seconds.
        (result,) = together([lambda: come_in(ben, event)])

    assert result.outcome is Outcome.CHECKED_IN
