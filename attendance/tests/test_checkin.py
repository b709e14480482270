"""The rule of every door."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance.devices import actor_of
from attendance.models import Attendance, Method, Scan
from attendance.outcomes import TONE, CheckInResult, Outcome
from attendance.registration import cancel_registration, register
from attendance.subjects import by_code, by_guest_name, by_member
from attendance.tests.checker import violations
from attendance.tests.factories import AT, STEWARD, SUPERVISOR, come_in, go_out, make_device, take_back
from checkin_project.platform.access import ANONYMOUS, SYSTEM, Actor, Role
from events.models import Event, GroupMember
from events.tests.factories import EVENING, make_event, make_group
from members import loyalty, passes
from members.models import LoyaltyEntry
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def row_of(result: CheckInResult) -> Attendance:
    assert result.attendance_id is not None
    return Attendance.objects.get(pk=result.attendance_id)


def statements(queries: CaptureQueriesContext) -> list[str]:
    """What was sent to the database, transaction control aside."""
    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in queries if not query["sql"].startswith(control)]


# --- Entries ---------------------------------------------------------------------------------------------------------


def test_a_check_in_writes_the_attendance_and_its_scan() -> None:
    ben, event = make_member(), make_event()

    result = come_in(ben, event, door=Method.KIOSK)

    row, scan = Attendance.objects.get(), Scan.objects.get()
    assert result.outcome is Outcome.CHECKED_IN
    assert (row.member, row.state, row.attended, row.checked_in_at, row.method) == (ben, "attended", True, AT, "kiosk")
    assert (scan.attendance, scan.outcome, scan.kind, scan.occurred_at) == (row, "checked_in", "entry", AT)
    assert scan.subject == f"m:{ben.pk}"


def test_a_second_check_in_says_when_and_at_which_door_the_first_was() -> None:
    ben, event = make_member(), make_event()
    come_in(ben, event, door=Method.KIOSK)

    again = come_in(ben, event, at=AT + 10 * MINUTE)

    assert again.outcome is Outcome.ALREADY_IN
    assert (again.answer.since_at, again.answer.since_method, again.answer.name) == (AT, "kiosk", "Ben Brown")
    assert (Attendance.objects.count(), Scan.objects.count()) == (1, 2)


def test_a_retry_hears_the_first_answer_and_leaves_no_second_scan() -> None:
    ben, event = make_member(), make_event(check_in={"points": 10})
    operation = uuid4()
    first = come_in(ben, event, operation_id=operation)

    again = come_in(ben, event, operation_id=operation, at=AT + timedelta(days=3))

    assert again.replayed
    assert (again.outcome, again.answer, again.attendance_id) == (first.outcome, first.answer, first.attendance_id)
    assert Scan.objects.count() == 1


def test_a_retried_refusal_stays_what_it_was_though_it_would_be_admitted_now() -> None:
    ben, event = make_member(), make_event()
    operation = uuid4()
    early = come_in(ben, event, operation_id=operation, at=EVENING - timedelta(hours=3))

    again = come_in(ben, event, operation_id=operation)

    assert (early.outcome, again.outcome, again.replayed) == (Outcome.NOT_OPEN_YET, Outcome.NOT_OPEN_YET, True)
    assert come_in(ben, event).outcome is Outcome.CHECKED_IN


def test_an_operation_used_for_somebody_else_is_a_conflict() -> None:
    ben, cleo, event = make_member(), make_member(first_name="Cleo"), make_event()
    operation = uuid4()
    come_in(ben, event, operation_id=operation)

    conflict = come_in(cleo, event, operation_id=operation)

    assert conflict.outcome is Outcome.OPERATION_CONFLICT
    assert not Attendance.objects.filter(member=cleo).exists()
    assert set(Scan.objects.values_list("outcome", flat=True)) == {"checked_in", "operation_conflict"}


def test_an_operation_used_at_another_event_or_as_an_exit_is_a_conflict() -> None:
    ben, event, other = make_member(), make_event(), make_event()
    operation = uuid4()
    come_in(ben, event, operation_id=operation)

    elsewhere = come_in(ben, other, operation_id=operation)

    assert elsewhere.outcome is Outcome.OPERATION_CONFLICT


def test_every_refusal_leaves_a_scan_and_nothing_else() -> None:
    event = make_event()

    result = come_in(by_code("V99999999"), event)

    assert result.outcome is Outcome.NOT_FOUND
    scan = Scan.objects.get()
    assert (scan.outcome, scan.attendance) == ("not_found", None)
    assert scan.subject.startswith("c:")
    assert "99999999" not in scan.subject + scan.code_fingerprint
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("typed", ["V01234567", "v01234567", " V 01234567 ", "01234567", "V-01234567"])
def test_a_v_number_is_understood_however_it_is_typed(typed: str) -> None:
    ben, event = make_member(v_number="V01234567"), make_event()

    assert come_in(by_code(typed), event).outcome is Outcome.CHECKED_IN
    assert Attendance.objects.get().member == ben


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "\ud800", "x" * 5000, "'; DROP TABLE members; --", "%", "ⅤⅤ"])
def test_nonsense_finds_nobody(typed: str) -> None:
    make_member(v_number="V01234567")

    assert come_in(by_code(typed), make_event()).outcome is Outcome.NOT_FOUND


def test_a_pass_and_a_card_identify_their_member() -> None:
    ben, cleo = make_member(), make_member(first_name="Cleo", card_number="CARD-0042")
    event = make_event()
    _pass, code = passes.issue(ben, at=AT)

    assert come_in(by_code(code.lower()), event).answer.name == "Ben Brown"
    assert come_in(by_code("CARD-0042"), event).answer.name == cleo.full_name


def test_a_reissued_pass_revokes_the_one_before() -> None:
    ben, event = make_member(), make_event()
    _first, old = passes.issue(ben, at=AT)
    _second, new = passes.reissue(ben, at=AT)

    assert come_in(by_code(old), event).outcome is Outcome.CODE_REVOKED
    assert come_in(by_code(new), event).outcome is Outcome.CHECKED_IN


def test_a_code_that_two_people_share_offers_masked_choices() -> None:
    make_member(first_name="Ana", last_name="Kovač", v_number="V01234567")
    make_member(first_name="Ben", last_name="Li", card_number="01234567")

    result = come_in(by_code("01234567"), make_event())

    assert result.outcome is Outcome.AMBIGUOUS
    assert [choice.label for choice in result.answer.choices] == ["Ana K.", "Ben L."]
    assert not Attendance.objects.exists()


def test_a_guest_comes_in_under_a_name_once_whatever_the_case_and_spacing() -> None:
    event = make_event()

    first = come_in(by_guest_name("Cleo  van Dyk"), event)
    again = come_in(by_guest_name(" cleo van DYK "), event)

    assert (first.outcome, again.outcome) == (Outcome.CHECKED_IN, Outcome.ALREADY_IN)
    assert Attendance.objects.get().guest_name == "Cleo van Dyk"


def test_a_guest_without_a_visible_name_is_malformed_input() -> None:
    with pytest.raises(Exception, match="Enter a name"):
        by_guest_name("\u200b \u2060")


def test_an_unknown_event_is_absent() -> None:
    event = make_event()
    event.code = "NOPENOPE"

    with pytest.raises(Event.DoesNotExist):
        come_in(make_member(), event)


def test_who_has_no_role_at_the_event_does_not_see_it() -> None:
    own, foreign = make_group(), make_group()
    event = make_event(group=own)
    steward_elsewhere = Actor(user_id=None, is_system=True, group_roles={foreign.pk: Role.STEWARD})
    other_device = Actor(is_system=True, role=Role.STEWARD, event_code=make_event().code)

    for actor in (ANONYMOUS, steward_elsewhere, other_device):
        with pytest.raises(Event.DoesNotExist):
            come_in(make_member(), event, by=actor)
    assert come_in(make_member(), event, by=Actor(is_system=True, group_roles={own.pk: Role.STEWARD})).attendance_id


# --- The window, walk-ins, seats --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [(-61, "not_open_yet"), (-60, "checked_in"), (0, "checked_in"), (150, "checked_in"), (151, "closed")],
)
def test_the_window_opens_and_closes_at_its_very_instants(minutes: int, outcome: str) -> None:
    event = make_event(check_in={"opens_minutes_before": 60, "closes_minutes_after": 30})

    assert come_in(make_member(), event, at=EVENING + minutes * MINUTE).outcome == outcome


def test_a_refusal_carries_when_check_in_opens_and_closed() -> None:
    event = make_event(check_in={"opens_minutes_before": 60, "closes_minutes_after": 30})

    early = come_in(make_member(), event, at=EVENING - timedelta(hours=2))
    late = come_in(make_member(), event, at=EVENING + timedelta(hours=9))

    assert early.answer.opens_at == EVENING - timedelta(hours=1)
    assert late.answer.closes_at == EVENING + timedelta(hours=2, minutes=30)


def test_an_event_closed_early_lets_nobody_in_any_more() -> None:
    event = make_event(closed_at=EVENING + 10 * MINUTE)

    assert come_in(make_member(), event).outcome is Outcome.CLOSED


def test_a_registered_member_holds_a_seat_of_the_full_room() -> None:
    event = make_event(capacity=1)
    ben = make_member()
    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT)

    stranger = come_in(make_member(), event)

    assert stranger.outcome is Outcome.FULL
    assert come_in(ben, event).outcome is Outcome.CHECKED_IN
    assert Attendance.objects.get(member=ben).is_walk_in is False


def test_seats_count_heads() -> None:
    event = make_event(capacity=5)

    family = come_in(make_member(), event, party_size=4)
    couple = come_in(make_member(), event, party_size=2)
    single = come_in(make_member(), event)

    outcomes = [result.outcome for result in (family, couple, single)]
    assert outcomes == [Outcome.CHECKED_IN, Outcome.FULL, Outcome.CHECKED_IN]


def test_who_goes_out_gives_the_seat_to_the_next() -> None:
    event = make_event(capacity=1, check_in={"reentry": "after_exit"})
    ben, cleo = make_member(), make_member()
    come_in(ben, event)

    assert come_in(cleo, event).outcome is Outcome.FULL
    go_out(ben, event, at=AT + MINUTE)
    assert come_in(cleo, event, at=AT + 2 * MINUTE).outcome is Outcome.CHECKED_IN
    assert come_in(ben, event, at=AT + 3 * MINUTE).outcome is Outcome.FULL


def test_an_undo_frees_the_seat() -> None:
    event, ben = make_event(capacity=1), make_member()
    come_in(ben, event)

    take_back(ben, event, at=AT + MINUTE)

    assert come_in(make_member(), event, at=AT + 2 * MINUTE).outcome is Outcome.CHECKED_IN


def test_only_an_event_with_a_capacity_is_locked() -> None:
    open_event, small = make_event(), make_event(capacity=5)

    with CaptureQueriesContext(connection) as free:
        come_in(make_member(), open_event)
    with CaptureQueriesContext(connection) as seated:
        come_in(make_member(), small)

    counts_seats = "SUM(party_size)"
    assert not any(counts_seats in sql for sql in statements(free))
    assert any(counts_seats in sql for sql in statements(seated))


def test_walk_ins_are_asked_for_where_the_event_says_so() -> None:
    event = make_event(check_in={"walk_ins": "ask"})
    ben = make_member()

    asked = come_in(ben, event)
    confirmed = come_in(ben, event, walk_in_confirmed=True)

    assert (asked.outcome, confirmed.outcome) == (Outcome.NOT_REGISTERED, Outcome.CHECKED_IN)
    assert confirmed.answer.is_walk_in
    assert row_of(confirmed).is_walk_in


def test_a_walk_in_that_was_taken_back_may_come_again() -> None:
    event, ben = make_event(), make_member()
    come_in(ben, event)
    take_back(ben, event, at=AT + MINUTE)

    again = come_in(ben, event, at=AT + 2 * MINUTE)

    assert again.outcome is Outcome.CHECKED_IN
    assert row_of(again).checked_in_at == AT + 2 * MINUTE


def test_a_cancelled_registration_bars_the_door() -> None:
    event, ben = make_event(), make_member()
    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT)
    cancel_registration(by_member(ben.pk), event.code, by=SYSTEM, at=AT)

    assert come_in(ben, event).outcome is Outcome.REGISTRATION_CANCELLED


# --- Override ---------------------------------------------------------------------------------------------------------


def test_a_supervisor_overrides_with_a_reason_that_the_scan_keeps() -> None:
    event = make_event(check_in={"walk_ins": "refuse"})

    result = come_in(make_member(), event, by=SUPERVISOR, override_reason="Speaker's guest")

    scan = Scan.objects.get()
    assert result.outcome is Outcome.CHECKED_IN
    assert (scan.overrode, scan.reason) == ("not_registered", "Speaker's guest")


def test_a_steward_may_not_override() -> None:
    with pytest.raises(PermissionDenied):
        come_in(make_member(), make_event(), override_reason="Let me")
    assert not Scan.objects.exists()


# --- Exits and undos --------------------------------------------------------------------------------------------------


def test_going_out_twice_and_without_having_come_in() -> None:
    event, ben = make_event(), make_member()

    assert go_out(ben, event).outcome is Outcome.NOT_IN
    come_in(ben, event)
    assert go_out(ben, event, at=AT + MINUTE).outcome is Outcome.CHECKED_OUT
    assert go_out(ben, event, at=AT + 2 * MINUTE).outcome is Outcome.ALREADY_OUT
    assert Attendance.objects.get().checked_out_at == AT + MINUTE


@pytest.mark.parametrize(
    ("reentry", "inside", "outside"),
    [
        ("once", "already_in", "already_in"),
        ("after_exit", "already_in", "checked_in"),
        ("unlimited", "checked_in", "checked_in"),
    ],
)
def test_the_re_entry_policy_decides_about_a_second_entry(reentry: str, inside: str, outside: str) -> None:
    event, ben, cleo = make_event(check_in={"reentry": reentry}), make_member(), make_member()
    come_in(ben, event)
    come_in(cleo, event)
    go_out(cleo, event, at=AT + MINUTE)

    assert come_in(ben, event, at=AT + 2 * MINUTE).outcome == inside
    assert come_in(cleo, event, at=AT + 2 * MINUTE).outcome == outside
    assert violations() == []


def test_an_exit_at_the_same_instant_by_a_slower_clock_comes_after_the_entry() -> None:
    event, ben = make_event(), make_member()
    come_in(ben, event, at=AT)

    go_out(ben, event, at=AT - timedelta(seconds=1))

    row = Attendance.objects.get()
    assert row.checked_out_at is not None
    assert row.checked_in_at == AT < row.checked_out_at
    assert violations() == []


def test_an_undo_keeps_row_and_scans_and_returns_to_the_registration() -> None:
    event, ben = make_event(), make_member()
    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT, party_size=3)
    come_in(ben, event, party_size=2)

    result = take_back(ben, event, at=AT + MINUTE)

    row = Attendance.objects.get()
    assert result.outcome is Outcome.UNDONE
    assert (row.state, row.attended, row.checked_in_at, row.party_size) == ("registered", False, None, 3)
    assert list(Scan.objects.order_by("pk").values_list("outcome", flat=True)) == ["checked_in", "undone"]
    assert violations() == []


def test_an_undo_of_nothing_says_so_and_is_recorded() -> None:
    event, ben = make_event(), make_member()

    assert take_back(ben, event).outcome is Outcome.NOTHING_TO_UNDO
    assert Scan.objects.get().outcome == "nothing_to_undo"


def test_an_operation_is_taken_back_once() -> None:
    event, ben = make_event(), make_member()
    first = come_in(ben, event)

    once = take_back(None, event, undoes=first.operation_id)
    twice = take_back(None, event, undoes=first.operation_id)

    assert (once.outcome, twice.outcome) == (Outcome.UNDONE, Outcome.NOTHING_TO_UNDO)


def test_a_guests_check_in_is_taken_back_by_its_operation() -> None:
    event = make_event()
    first = come_in(by_guest_name("Cleo"), event)

    assert take_back(None, event, undoes=first.operation_id).outcome is Outcome.UNDONE
    assert not Attendance.objects.get().attended


def test_a_steward_takes_back_the_devices_own_last_ten_for_ten_minutes() -> None:
    event = make_event()
    own, _token = make_device(event_id=event.pk)
    other, _token = make_device(event_id=event.pk)
    ben = make_member()
    entry = come_in(ben, event, by=actor_of(own))

    with pytest.raises(PermissionDenied):
        take_back(None, event, by=actor_of(other), undoes=entry.operation_id, at=AT + MINUTE)
    with pytest.raises(PermissionDenied):
        take_back(None, event, by=actor_of(own), undoes=entry.operation_id, at=AT + 11 * MINUTE)
    assert take_back(None, event, by=actor_of(own), undoes=entry.operation_id, at=AT + 9 * MINUTE).outcome == "undone"


def test_a_steward_cannot_reach_past_the_last_ten() -> None:
    event = make_event()
    device, _token = make_device(event_id=event.pk)
    first = come_in(make_member(), event, by=actor_of(device))
    for _later in range(10):
        come_in(make_member(), event, by=actor_of(device), at=AT + MINUTE)

    with pytest.raises(PermissionDenied):
        take_back(None, event, by=actor_of(device), undoes=first.operation_id, at=AT + 2 * MINUTE)
    assert take_back(None, event, by=SUPERVISOR, undoes=first.operation_id, at=AT + 2 * MINUTE).outcome == "undone"


# --- Offline facts ----------------------------------------------------------------------------------------------------


def test_an_offline_scan_that_breaks_a_rule_is_admitted_and_flagged() -> None:
    event = make_event(capacity=1)
    come_in(make_member(), event)

    late = come_in(make_member(), event, at=AT + timedelta(hours=5), occurred_at=AT, offline=True)

    scan = Scan.objects.latest("pk")
    assert (late.outcome, late.flag) == (Outcome.CHECKED_IN, "over_capacity")
    assert (scan.flag, scan.offline, scan.occurred_at) == ("over_capacity", True, AT)


def test_a_device_clock_that_runs_ahead_is_clamped_and_flagged() -> None:
    result = come_in(make_member(), make_event(), occurred_at=AT + timedelta(hours=1), offline=True)

    assert result.flag == "clock_clamped"
    assert Scan.objects.get().occurred_at == AT + timedelta(minutes=5)


def test_an_earlier_scan_that_arrives_later_moves_the_first_time() -> None:
    event, ben = make_event(), make_member()
    come_in(ben, event, at=AT)

    come_in(ben, event, at=AT + MINUTE, occurred_at=AT - 10 * MINUTE, offline=True)

    row = Attendance.objects.get()
    assert (row.checked_in_at, row.scan_count) == (AT - 10 * MINUTE, 2)
    assert Scan.objects.latest("pk").flag == "duplicate_admission"
    assert violations() == []


def test_an_operation_refused_online_and_admitted_offline_stands_beside_the_refusal() -> None:
    event, ben = make_event(check_in={"walk_ins": "refuse"}), make_member()
    operation = uuid4()
    come_in(ben, event, operation_id=operation)

    told = come_in(ben, event, operation_id=operation, offline=True, occurred_at=AT)
    again = come_in(ben, event, operation_id=operation, offline=True, occurred_at=AT)

    assert (told.outcome, told.flag, again.replayed) == (Outcome.CHECKED_IN, "not_registered", True)
    assert list(Scan.objects.order_by("pk").values_list("outcome", flat=True)) == ["not_registered", "checked_in"]
    assert take_back(None, event, undoes=operation, at=AT + MINUTE).outcome is Outcome.UNDONE
    assert violations() == []


def test_an_exit_and_an_undo_may_arrive_before_their_entry() -> None:
    event, ben, cleo = make_event(), make_member(), make_member()
    entry = uuid4()

    take_back(cleo, event, undoes=entry, offline=True, occurred_at=AT + MINUTE)
    go_out(ben, event, offline=True, occurred_at=AT + 5 * MINUTE)
    come_in(ben, event, offline=True, occurred_at=AT)
    come_in(cleo, event, operation_id=entry, offline=True, occurred_at=AT)

    assert Attendance.objects.get(member=ben).checked_out_at == AT + 5 * MINUTE
    assert not Attendance.objects.get(member=cleo).attended
    assert violations() == []


# --- Story, points, groups --------------------------------------------------------------------------------------------


def test_the_answer_tells_the_story_of_the_visits() -> None:
    ben = make_member()
    long_ago = make_event(starts_at=EVENING - timedelta(weeks=6))
    first = come_in(ben, long_ago, at=EVENING - timedelta(weeks=6))

    second = come_in(ben, make_event(), at=EVENING)

    assert (first.answer.visit, first.answer.weeks_away) == (1, 0)
    assert (second.answer.visit, second.answer.weeks_away) == (2, 6)


def test_coming_earns_points_once_and_an_undo_takes_them_back_once() -> None:
    event, ben = make_event(check_in={"points": 10}), make_member()
    first = come_in(ben, event)
    come_in(ben, event, at=AT + MINUTE)

    earned = loyalty.balance(ben.pk, at=AT)
    take_back(ben, event, at=AT + 2 * MINUTE)
    take_back(ben, event, at=AT + 3 * MINUTE)
    after_undo = loyalty.balance(ben.pk, at=AT)
    come_in(ben, event, at=AT + 4 * MINUTE)

    assert (first.answer.points, earned, after_undo) == (10, 10, 0)
    assert loyalty.balance(ben.pk, at=AT) == 10
    assert LoyaltyEntry.objects.count() == 3


def test_the_answer_names_the_tier_that_the_points_reach() -> None:
    event, ben = make_event(check_in={"points": 10}), make_member()
    loyalty.award(ben.pk, 95, description="Before", at=AT)

    assert come_in(ben, event).answer.tier == "silver"


def test_coming_to_a_groups_event_makes_one_of_the_group() -> None:
    group, ben = make_group(), make_member()
    come_in(ben, make_event(group=group))
    come_in(ben, make_event(group=group))

    link = GroupMember.objects.get()
    assert (link.group, link.member, link.how, link.since) == (group, ben, "came", AT)


# --- Cost -------------------------------------------------------------------------------------------------------------


def test_an_entry_takes_at_most_five_statements_and_a_duplicate_two() -> None:
    """A key's or device's own look-up comes on top: six and three at the API."""
    event = make_event(group=make_group(), check_in={"points": 5})
    number = next_v_number()
    make_member(v_number=number)

    with CaptureQueriesContext(connection) as entry:
        come_in(by_code(number), event)
    with CaptureQueriesContext(connection) as duplicate:
        come_in(by_code(number), event)

    assert len(statements(entry)) <= 5
    assert len(statements(duplicate)) == 2


def test_every_outcome_has_a_tone() -> None:
    assert set(TONE) == set(Outcome)


def test_a_scan_remembers_who_scanned_where() -> None:
    event = make_event()
    device, _token = make_device(event_id=event.pk, gate="North")

    come_in(make_member(), event, by=actor_of(device), door=Method.KIOSK)

    scan, row = Scan.objects.get(), Attendance.objects.get()
    assert (scan.device, scan.gate, scan.method) == (device, "North", "kiosk")
    assert row.device == device


def test_the_actor_of_these_tests_is_no_administrator() -> None:
    assert STEWARD.role is Role.STEWARD


# --- Event codes ------------------------------------------------------------------------------------------------------

CODE_PROBLEMS = [Outcome.CODE_EXPIRED, Outcome.CODE_REVOKED, Outcome.CODE_INVALID]


@pytest.mark.parametrize("wrong", CODE_PROBLEMS)
def test_a_code_with_a_problem_lets_nobody_in_and_leaves_a_scan_with_the_event(wrong: Outcome) -> None:
    event = make_event(stored_status=Event.Stored.CANCELLED)

    for who in (make_member(), by_guest_name("Cleo")):
        result = come_in(who, event, code_problem=wrong)
        assert result.outcome is wrong

    assert list(Scan.objects.values_list("event_id", "outcome")) == [(event.pk, wrong.value)] * 2
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("wrong", CODE_PROBLEMS)
def test_nobody_found_is_said_before_a_problem_with_the_code_and_that_before_several_people(wrong: Outcome) -> None:
    event, number = make_event(), next_v_number()
    make_member(v_number=number)
    make_member(card_number=number)

    assert come_in(by_code("V99999999"), event, code_problem=wrong).outcome is Outcome.NOT_FOUND
    assert come_in(by_code(number), event, code_problem=wrong).outcome is wrong
    assert come_in(by_code(number), event).outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize("wrong", CODE_PROBLEMS)
def test_no_supervisor_and_no_queue_gets_past_a_problem_with_the_code(wrong: Outcome) -> None:
    ben, event = make_member(), make_event()

    overridden = come_in(ben, event, by=SUPERVISOR, code_problem=wrong, override_reason="I know him")
    offline = come_in(ben, event, code_problem=wrong, offline=True)

    assert (overridden.outcome, offline.outcome) == (wrong, wrong)
