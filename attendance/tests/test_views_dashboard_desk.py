"""The desk on the dashboard: every act by every role, with scripts and without."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from attendance import dashboard
from attendance.models import Attendance, Method, Scan
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.desks import Desk, references_in, text_of
from attendance.tests.factories import SUPERVISOR, come_in
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import SYSTEM, Role
from events.models import Event
from events.tests.factories import make_event
from members import passes
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    dashboard._kept.clear()


def outcome_of(answer: Any) -> str:
    return str(answer.headers.get("X-Outcome", ""))


def reference(desk: Desk, name: str) -> str:
    [found] = references_in(desk.act("search", entry=name))
    return found


def inside(event: Event) -> list[str]:
    rows = Attendance.objects.filter(event=event, attended=True, checked_out_at__isnull=True)
    return sorted(row.name for row in rows.select_related("member"))


# --- Coming and going ---------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR])
def test_a_number_or_pass_checks_in_at_once(role: Role, script: bool) -> None:
    event = open_event()
    ben = make_member(v_number=next_v_number())
    _pass, code = passes.issue(ben, at=timezone.now())
    desk = Desk(event, role)

    first = desk.act("check_in", entry=str(ben.v_number), script=script)
    second = desk.act("check_in", entry=code, script=script)

    assert (first.status_code, outcome_of(first)) == (201, "checked_in")
    assert (second.status_code, outcome_of(second)) == (200, "already_in")
    assert "Checked in" in text_of(first)
    assert ("<html" in text_of(first)) is not script
    scan = Scan.objects.filter(event=event).earliest("pk")
    assert (scan.method, scan.user_id) == (Method.STAFF, desk.user.pk)
    assert code not in text_of(second)


def test_a_name_is_searched_and_the_hit_checked_in_and_out() -> None:
    event = open_event()
    make_member(first_name="Zoë", last_name="Adler")
    desk = Desk(event)

    hits = desk.act("check_in", entry="zoe")
    came = desk.act("check_in", ref=references_in(hits)[0])
    left = desk.act("check_out", ref=reference(desk, "zoe"))

    assert hits.headers["X-Dashboard"] == "hits"
    assert (outcome_of(came), outcome_of(left)) == ("checked_in", "checked_out")
    assert inside(event) == []


def test_a_guest_of_the_list_is_checked_in_by_name() -> None:
    event = open_event()
    register(by_guest_name("Dora Lind"), event.code, by=SYSTEM, at=timezone.now(), party_size=3)
    desk = Desk(event)

    hits = desk.act("search", entry="dora")
    came = desk.act("check_in", guest="Dora Lind")

    assert 'name="guest" value="Dora Lind"' in text_of(hits)
    assert outcome_of(came) == "checked_in"
    assert Attendance.objects.get().party_size == 3


def test_how_many_came_can_be_said() -> None:
    event = open_event()
    ben = make_member(v_number=next_v_number())

    Desk(event).act("check_in", entry=ben.v_number, party_size=4)

    assert Attendance.objects.get().party_size == 4


def test_how_many_came_stays_said_while_a_name_is_searched() -> None:
    make_member(first_name="Zoe")

    answer = Desk(open_event()).act("check_in", entry="zoe", party_size=4, script=False)

    assert '<input type="hidden" name="party_size" value="4">' in text_of(answer)


def test_only_a_supervisor_searches() -> None:
    make_member(first_name="Zoe")
    steward = Desk(open_event(), Role.STEWARD)

    for act in ("search", "check_in", "check_out"):
        answer = steward.act(act, entry="zoe")
        assert answer.status_code == 403
        assert "only a supervisor" in text_of(answer)
        assert references_in(answer) == []


def test_a_search_too_short_or_too_often_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.views.dashboard_desk.SEARCHES_PER_MINUTE", 1)
    desk = Desk(open_event())

    assert "at least three letters" in text_of(desk.act("search", entry="zo"))
    assert desk.act("search", entry="zoe").status_code == 200
    assert desk.act("search", entry="zoe").status_code == 429


def test_nobody_found_says_what_to_do() -> None:
    assert "add a walk-in" in text_of(Desk(open_event()).act("search", entry="nobody"))


def test_the_same_attempt_twice_is_done_once() -> None:
    event = open_event()
    ben = make_member(v_number=next_v_number())
    desk, operation_id = Desk(event), str(uuid4())

    answers = [desk.act("check_in", entry=ben.v_number, operation_id=operation_id) for _try in range(3)]

    assert {outcome_of(answer) for answer in answers} == {"checked_in"}
    assert Scan.objects.count() == 1


def test_several_people_who_match_are_offered() -> None:
    event = open_event()
    number = next_v_number()
    make_member(first_name="Ben", v_number=number)
    make_member(first_name="Bea", card_number=number)

    for role, label in ((Role.SUPERVISOR, "Bea Brown"), (Role.STEWARD, "Bea B.")):
        answer = Desk(event, role).act("check_in", entry=number)
        assert (answer.status_code, len(references_in(answer))) == (409, 2)
        assert label in text_of(answer)


# --- Refusals that can be set aside --------------------------------------------------------------


def test_a_supervisor_lets_somebody_in_with_a_reason() -> None:
    event = open_event(capacity=1)
    come_in(by_guest_name("Dora"), event, at=timezone.now())
    make_member(first_name="Zoe", last_name="Adler")
    desk = Desk(event)

    refused = desk.act("check_in", ref=reference(desk, "zoe"))
    speechless = desk.act("check_in", ref=references_in(refused)[0], override="on", reason=" ")
    admitted = desk.act("check_in", ref=references_in(speechless)[0], override="on", reason="Speaker")

    assert [outcome_of(each) for each in (refused, speechless, admitted)] == ["full", "full", "checked_in"]
    assert "Say why" in text_of(speechless)
    assert "Say why" not in text_of(refused)
    scan = Scan.objects.latest("pk")
    assert (scan.overrode, scan.reason, scan.user_id) == ("full", "Speaker", desk.user.pk)


def test_a_steward_cannot_override_even_by_hand() -> None:
    event = open_event(capacity=1)
    come_in(by_guest_name("Dora"), event, at=timezone.now())
    steward = Desk(event, Role.STEWARD)

    refused = steward.act("check_in", guest="Emil", override="on", reason="Please")

    assert outcome_of(refused) == "full"
    assert 'name="override"' not in text_of(refused)
    assert inside(event) == ["Dora"]


def test_a_code_does_not_come_back_in_the_form_that_follows() -> None:
    event = open_event(capacity=0)
    _pass, code = passes.issue(make_member(), at=timezone.now())

    refused = Desk(event).act("check_in", entry=code)

    assert outcome_of(refused) == "full"
    assert len(references_in(refused)) == 1
    assert code not in text_of(refused)


@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR])
def test_a_walk_in_is_confirmed_where_the_event_asks(role: Role) -> None:
    event = open_event(check_in={"walk_ins": "ask"})
    desk = Desk(event, role)

    asked = desk.act("walk_in", guest="Emil")
    confirmed = desk.act("check_in", guest="Emil", confirmed="on", party_size=2)

    assert outcome_of(asked) == "not_registered"
    assert 'name="confirmed"' in text_of(asked)
    assert 'name="override"' not in text_of(asked)
    assert outcome_of(confirmed) == "checked_in"
    assert Attendance.objects.get().party_size == 2


def test_where_walk_ins_are_refused_nothing_is_confirmed() -> None:
    event = open_event(check_in={"walk_ins": "refuse"})
    steward = Desk(event, Role.STEWARD)

    refused = steward.act("walk_in", guest="Emil")
    again = steward.act("check_in", guest="Emil", confirmed="on")

    assert (outcome_of(refused), outcome_of(again)) == ("not_registered", "not_registered")
    assert 'name="confirmed"' not in text_of(refused)


# --- Walk-ins -----------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_a_walk_in_is_first_compared_with_people_on_record(script: bool) -> None:
    event = open_event()
    make_member(first_name="Zoe", last_name="Adler")
    desk = Desk(event)

    asked = desk.act("walk_in", guest="Zoe Adler", party_size=2, script=script)
    nobody_yet = inside(event)
    desk.act("walk_in", guest="Zoe Adler", party_size=2, anyway="on", script=script)

    assert asked.headers["X-Dashboard"] == "walk_in"
    assert 'value="Zoe Adler"' in text_of(asked)
    assert len(references_in(asked)) == 1
    assert nobody_yet == []
    row = Attendance.objects.get()
    assert (row.guest_name, row.party_size, row.is_walk_in) == ("Zoe Adler", 2, True)


def test_one_of_those_on_record_comes_in_as_themselves() -> None:
    event = open_event()
    zoe = make_member(first_name="Zoe", last_name="Adler")
    desk = Desk(event)

    asked = desk.act("walk_in", guest="Zoe Adler")
    came = desk.act("walk_in", guest="Zoe Adler", ref=references_in(asked)[0])

    assert outcome_of(came) == "checked_in"
    assert Attendance.objects.get().member == zoe


def test_the_warning_while_typing_changes_nothing() -> None:
    event = open_event()
    make_member(first_name="Zoe", last_name="Adler")

    answer = Desk(event, Role.STEWARD).act("likely", guest="zoe adler")

    assert "Zoe A." in text_of(answer)
    assert "Adler" not in text_of(answer)
    assert Scan.objects.count() == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"guest": ""}, "Enter a name."),
        ({"guest": "\u200b"}, "Enter a name."),
        ({"guest": "x" * 151}, "150"),
        ({"guest": "Emil\x00"}, "Null"),
        ({"guest": "Emil", "party_size": "0"}, "greater than or equal to 1"),
        ({"guest": "Emil", "party_size": "many"}, "whole number"),
    ],
    ids=["nothing", "nothing visible", "too long", "NUL", "nobody", "words"],
)
def test_a_bad_walk_in_is_explained_and_keeps_what_was_typed(typed: dict[str, Any], words: str) -> None:
    answer = Desk(open_event(), Role.STEWARD).act("walk_in", **typed)

    assert answer.status_code == 400
    assert words in text_of(answer)
    assert Attendance.objects.count() == 0
    if len(typed["guest"]) == 4:
        assert 'value="Emil"' in text_of(answer)


def test_somebody_of_the_same_name_is_told_apart() -> None:
    event = open_event()
    desk = Desk(event, Role.STEWARD)
    desk.act("walk_in", guest="Emil")

    answer = desk.act("walk_in", guest="emil")

    assert outcome_of(answer) == "already_in"
    assert "Somebody else of the same name?" in text_of(answer)


# --- Taking back --------------------------------------------------------------------------------


def test_a_steward_takes_back_the_own_and_nobody_elses() -> None:
    event = open_event()
    steward = Desk(event, Role.STEWARD)
    other = come_in(by_guest_name("Dora"), event, at=timezone.now(), by=SUPERVISOR)
    steward.act("walk_in", guest="Emil")
    own = Scan.objects.latest("pk")

    refused = steward.act("undo", undoes=str(other.operation_id))
    done = steward.act("undo", undoes=str(own.operation_id))

    assert refused.status_code == 403
    assert "Only a supervisor can take back" in text_of(refused)
    assert outcome_of(done) == "undone"
    assert inside(event) == ["Dora"]


def test_a_supervisor_takes_back_anybodys() -> None:
    event = open_event()
    other = come_in(by_guest_name("Dora"), event, at=timezone.now() - timedelta(minutes=50))

    done = Desk(event).act("undo", undoes=str(other.operation_id))

    assert (done.status_code, outcome_of(done)) == (200, "undone")
    assert inside(event) == []


def test_the_key_takes_back_the_own_last_one() -> None:
    event = open_event()
    desk = Desk(event)
    desk.act("walk_in", guest="Emil")
    desk.act("walk_in", guest="Finn")
    come_in(by_guest_name("Dora"), event, at=timezone.now(), by=SUPERVISOR)

    done = [desk.act("undo") for _press in range(3)]

    assert inside(event) == ["Dora"]
    assert [outcome_of(each) for each in done] == ["undone", "undone", ""]
    assert "nothing of yours to take back" in text_of(done[2])


def test_an_exit_taken_back_is_called_one() -> None:
    event = open_event()
    desk = Desk(event)
    desk.act("walk_in", guest="Emil")
    desk.act("check_out", guest="Emil")

    done = desk.act("undo")

    assert "The check-out of Emil was taken back." in text_of(done)
    assert inside(event) == ["Emil"]


def test_nothing_of_another_event_is_taken_back() -> None:
    event, other = open_event(), open_event()
    elsewhere = come_in(by_guest_name("Dora"), other, at=timezone.now())

    done = Desk(event).act("undo", undoes=str(elsewhere.operation_id))

    assert outcome_of(done) == "nothing_to_undo"
    assert inside(other) == ["Dora"]


# --- Bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "nonsense"},
        {"act": ""},
        {"act": "check_in"},
        {"act": "check_in", "ref": "forged"},
        {"act": "check_in", "guest": "\x00"},
        {"act": "check_in", "entry": "V1", "party_size": "-1"},
        {"act": "check_in", "entry": "V1", "operation_id": "1"},
        {"act": "undo", "undoes": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("script", [True, False])
def test_nonsense_is_answered_in_words_and_does_nothing(sent: dict[str, Any], script: bool) -> None:
    answer = Desk(open_event()).act(**sent, script=script)

    assert answer.status_code == 400
    assert 'role="alert"' in text_of(answer)
    assert Scan.objects.count() == 0


def test_another_persons_reference_opens_nothing() -> None:
    event = open_event()
    make_member(first_name="Zoe")
    ana, ben = Desk(event), Desk(event, Role.STEWARD)

    answer = ben.act("check_in", ref=reference(ana, "zoe"))

    assert answer.status_code == 400
    assert "too old" in text_of(answer)
    assert inside(event) == []


def test_what_was_typed_stays_when_nothing_was_done() -> None:
    assert 'value="zo"' in text_of(Desk(open_event()).act("check_in", entry="zo", script=False))


def test_looking_and_searching_write_nothing() -> None:
    event = open_event()
    ben = make_member(first_name="Zoe")
    register(by_member(ben.pk), event.code, by=SYSTEM, at=timezone.now())
    desk = Desk(event)
    before = list(Attendance.objects.values_list())

    desk.page(), desk.parts(), desk.act("search", entry="zoe"), desk.act("likely", guest="zoe")

    assert list(Attendance.objects.values_list()) == before
    assert Scan.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"starts_at": timezone.now() + timedelta(days=2)}, "not_open_yet"),
        ({"starts_at": timezone.now() - timedelta(days=2)}, "closed"),
        ({"starts_at": timezone.now(), "stored_status": "cancelled"}, "event_cancelled"),
    ],
)
def test_refusals_are_said_and_can_be_set_aside_or_not(fields: dict[str, Any], outcome: str) -> None:
    answer = Desk(make_event(**fields)).act("check_in", guest="Emil")

    assert (answer.status_code, outcome_of(answer)) == (409, outcome)
    assert ('name="override"' in text_of(answer)) is (outcome != "event_cancelled")
