"""Checking in: the one rule set of every door, and the only code that writes Attendance and Scan.

Each act looks up, decides, writes and announces, in that order and in one transaction. Writes carry the version of the
row they were decided on; when somebody else was quicker, the act looks again and decides anew.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from attendance import answers, history, ledger, live
from attendance.attempt import PLAIN, Act, Terms, after_what_stands, fact_of, problem, scan_row, situation, window_of
from attendance.facts import (
    Facts,
    OperationFacts,
    facts_of_row,
    hold_operation,
    lock_event,
    lock_row,
    read_facts,
    seats_taken,
)
from attendance.history import Base, Fact, State
from attendance.models import Method, Scan
from attendance.outcomes import CheckInResult, Outcome
from attendance.subjects import By, Subject
from attendance.undoing import require_own_and_recent, standing_target, with_person
from attendance.verdict import Verdict, decide
from checkin_project.platform.access import Actor, Permission
from events.membership import link_to_group
from events.models import Event, GroupMember
from members import loyalty

ACCEPTED = frozenset({Outcome.CHECKED_IN, Outcome.CHECKED_OUT, Outcome.UNDONE})
# How often an act looks again when others keep changing the same row; each round somebody else got through.
ROUNDS = 6
HOLDS_AFTER = 2


class _Changed(Exception):
    """Somebody else changed the row between reading and writing."""


class _NeedsTransaction(Exception):
    """More than one statement has to be written, or a seat be counted while the event is held."""


def check_in(  # noqa: PLR0913 - who, where, by whom, when, which attempt, which door, and how: none can be guessed
    subject: Subject,
    event_code: str,
    *,
    by: Actor,
    at: datetime,
    operation_id: UUID,
    door: Method,
    terms: Terms = PLAIN,
) -> CheckInResult:
    """Record that `subject` is at the event, or say why not.

    Repeat-safe: the same `operation_id` gets the first answer again. Every attempt leaves a Scan in the same
    transaction. Locks the event's row only when a seat has to be counted, so events without a capacity never queue.
    Raises Event.DoesNotExist for an unknown event or one that `by` may not see, PermissionDenied for an override
    without the right to it.
    """
    return _perform(Act(Scan.Kind.ENTRY, subject, event_code, by, at, operation_id, door, terms))


def check_out(  # noqa: PLR0913 - as check_in
    subject: Subject,
    event_code: str,
    *,
    by: Actor,
    at: datetime,
    operation_id: UUID,
    door: Method,
    terms: Terms = PLAIN,
) -> CheckInResult:
    """Record that `subject` has left. Repeat-safe and raising as `check_in`; takes no lock but the row's own."""
    return _perform(Act(Scan.Kind.EXIT, subject, event_code, by, at, operation_id, door, terms))


def undo(  # noqa: PLR0913 - as check_in
    subject: Subject | None,
    event_code: str,
    *,
    by: Actor,
    at: datetime,
    operation_id: UUID,
    door: Method,
    undoes: UUID | None = None,
    terms: Terms = PLAIN,
) -> CheckInResult:
    """Take back the operation `undoes`, or else the last standing entry of `subject`.

    Keeps row and scans, frees the seat, takes points back. Repeat-safe. Raises PermissionDenied when a steward reaches
    past the own last ten operations or ten minutes.
    """
    if subject is None and undoes is None:
        raise ValueError("Name the operation or the person.")
    nobody = Subject(By.NOBODY)
    return _perform(Act(Scan.Kind.UNDO, subject or nobody, event_code, by, at, operation_id, door, terms, undoes))


def _perform(act: Act) -> CheckInResult:
    """The act, tried again when another one got in between.

    The plainest one, an entry or exit without seats to count or points to give, is one read and one write, and goes
    without a transaction where the database can write both rows at once. Whoever came second just looks again: mostly
    there is nothing left to write but the scan. Only who comes second twice holds the row.
    """
    is_plain = act.kind is not Scan.Kind.UNDO and not act.terms.offline
    quick = is_plain and ledger.can_do_without_transaction()
    changes = 0
    for round_ in range(ROUNDS):
        try:
            if quick:
                return _decide_and_write(act, lock=False)
            with ledger.turn(), transaction.atomic():
                return _decide_and_write(act, lock=changes >= HOLDS_AFTER)
        except _NeedsTransaction:
            quick = False
        except _Changed:
            changes += 1
            quick = quick and changes < HOLDS_AFTER
        except IntegrityError as error:
            # Two requests with one operation id at the same instant: the other one wrote first. Look again.
            if "operation" not in str(error) or round_ == ROUNDS - 1:
                raise
    raise AssertionError("The row is held from the second change on, so nobody can change it again.")


def _decide_and_write(act: Act, *, lock: bool) -> CheckInResult:
    if act.terms.offline:
        hold_operation(act.undoes or act.beside or act.operation_id)
    if act.kind is Scan.Kind.UNDO:
        act = with_person(act)
    facts = _look_up(act, lock=lock)
    if facts.operation is not None:
        return _answer_again(act, facts, facts.operation, lock=lock)
    decide_and_write = {Scan.Kind.ENTRY: _enter, Scan.Kind.EXIT: _leave, Scan.Kind.UNDO: _take_back}[act.kind]
    return decide_and_write(act, facts)


def _look_up(act: Act, *, lock: bool) -> Facts:
    facts = _read(act)
    if facts is None or not _is_visible(facts, act.by):
        raise Event.DoesNotExist
    if act.terms.override_reason and not act.by.may(Permission.OVERRIDE, facts.event.group_id):
        raise PermissionDenied
    if lock and facts.row is not None:
        # Always event before row, in every transaction that takes both: no two can wait for each other.
        if facts.event.capacity is not None:
            lock_event(facts.event.id)
        lock_row(facts.row.id)
        held = _read(act)
        if held is None:
            raise _Changed
        return held
    return facts


def _read(act: Act) -> Facts | None:
    return read_facts(act.subject, act.event_code, act.operation_id, act.at, named=act.beside)


def _is_visible(facts: Facts, by: Actor) -> bool:
    """The same rule as `Event.objects.visible_to(by)`, without its query, for those who may scan."""
    if by.event_code:
        return by.event_code == facts.event.code
    return by.may(Permission.SCAN, facts.event.group_id)


def _answer_again(act: Act, facts: Facts, first: OperationFacts, *, lock: bool) -> CheckInResult:
    """The stored first answer, or a conflict when the id was used for something else."""
    person = act.subject.key(facts.members[0].id if len(facts.members) == 1 else None)
    same_person = first.subject == person or (
        bool(first.code_fingerprint) and first.code_fingerprint == act.subject.fingerprint
    )
    if act.undoes is not None:
        # The operation it names says whose it is, even if it came before that operation and knew nobody.
        same_person = first.undoes == act.undoes
    if first.event_id != facts.event.id or first.kind != act.kind or not same_person:
        # The id is taken, so the attempt is recorded under one of its own.
        refused = _refuse(replace(act, operation_id=uuid4()), facts, Outcome.OPERATION_CONFLICT)
        return replace(refused, operation_id=act.operation_id)
    if act.terms.offline and act.beside is None and Outcome(first.outcome) not in ACCEPTED:
        # Refused online, but that answer got lost and the device admitted: the admission stands beside the refusal.
        beside = replace(act, operation_id=uuid5(act.operation_id, "offline"), beside=act.operation_id)
        return _decide_and_write(beside, lock=lock)
    return CheckInResult(
        Outcome(first.outcome),
        facts.event.id,
        act.operation_id,
        attendance_id=first.attendance_id,
        answer=answers.from_json(first.answer),
        flag=first.flag,
        replayed=True,
    )


def _enter(act: Act, facts: Facts) -> CheckInResult:
    row = facts.row
    # Who comes back comes with as many as at first: the first entry gives the heads, so it gives the seats wanted too.
    as_known = row is not None and (row.attended or act.terms.party_size is None)
    heads = row.party_size if row is not None and as_known else act.terms.party_size or 1
    verdict = decide(situation(act, facts, heads), partial(_seats_left, facts))
    if verdict.outcome is Outcome.FULL and _got_a_seat_meanwhile(act, facts):
        raise _Changed
    if verdict.outcome is not Outcome.CHECKED_IN:
        return _refuse(act, facts, verdict.outcome)
    act = after_what_stands(act, facts)
    state = _state_with(fact_of(act, heads), facts)
    rewards = bool(facts.members) and (_earns(facts) or not facts.story.is_linked)
    if rewards and not connection.in_atomic_block:
        raise _NeedsTransaction
    result = _record(act, facts, verdict, state, heads)
    if state.attended and rewards:
        _reward(act, facts, result)
    return result


def _leave(act: Act, facts: Facts) -> CheckInResult:
    row = facts.row
    refusal = problem(act, facts)
    if refusal is None and not act.terms.offline:
        if row is None or not row.attended:
            refusal = Outcome.NOT_IN
        elif row.checked_out_at is not None:
            refusal = Outcome.ALREADY_OUT
    if refusal is not None:
        return _refuse(act, facts, refusal)
    act = after_what_stands(act, facts)
    heads = row.party_size if row else 1
    return _record(act, facts, Verdict(Outcome.CHECKED_OUT), _state_with(fact_of(act, heads), facts), heads)


def _take_back(act: Act, facts: Facts) -> CheckInResult:
    row = facts.row
    scans = facts_of_row(row.id) if row else []
    target = standing_target(act, scans)
    if row is None or target is None:
        if act.terms.offline and act.undoes:
            # The undo came before what it takes back; the fold finds it when that arrives.
            return _refuse(act, facts, Outcome.UNDONE)
        return _refuse(act, facts, Outcome.NOTHING_TO_UNDO)
    if not act.by.may(Permission.UNDO_ANY, facts.event.group_id):
        require_own_and_recent(act, target)
    act = replace(act, undoes=target.operation_id)
    state = history.fold([*scans, fact_of(act, row.party_size)], row.base)
    result = _record(act, facts, Verdict(Outcome.UNDONE), state, row.party_size)
    if row.attended and not state.attended and facts.members:
        earned_for = f"attendance:{row.id}:"
        loyalty.take_back(facts.members[0].id, earned_for, at=act.at, reference=f"{earned_for}{act.operation_id}")
    return result


def _seats_left(facts: Facts) -> int:
    """Free heads, counted while the event's row is held."""
    if not connection.in_atomic_block:
        raise _NeedsTransaction
    capacity = lock_event(facts.event.id)
    return sys.maxsize if capacity is None else capacity - seats_taken(facts.event.id)


def _got_a_seat_meanwhile(act: Act, facts: Facts) -> bool:
    """The person was read before the event was held: perhaps another door gave this very person the last seat."""
    now = _read(act)
    return now is not None and (now.row, now.operation) != (facts.row, facts.operation)


def _state_with(move: Fact, facts: Facts) -> State:
    """The row's state with one more entry or exit: in one step when it is the latest, else by folding all."""
    row, story = facts.row, facts.story
    base = row.base if row else Base()
    if story.is_taken_back:
        # An undo that names this very operation has come before it.
        undo = Fact(uuid4(), history.UNDO, move.occurred_at, undoes=move.operation_id)
        return history.fold([*(facts_of_row(row.id) if row else []), move, undo], base)
    if row is not None and story.last_at is not None and move.occurred_at <= story.last_at:
        return history.fold([*facts_of_row(row.id), move], base)
    return history.step(row.folded if row else history.untouched(base), base, move)


def _record(act: Act, facts: Facts, verdict: Verdict, state: State, heads: int) -> CheckInResult:
    """Write row and scan, and have it announced. Raises _Changed when the row is not what was decided on."""
    is_limited = facts.event.capacity is not None or facts.event.closed_at is not None
    if is_limited and not connection.in_atomic_block:
        raise _NeedsTransaction
    row = facts.row
    answer = answers.answer_for(
        verdict.outcome, facts, act.subject, window=window_of(facts), at=act.occurred_at, heads=heads
    )
    flag = verdict.flag or (Scan.Flag.CLOCK_CLAMPED.value if act.is_clamped else "")
    scan = scan_row(act, facts, verdict, answer, heads, flag=flag)
    if row is None:
        member_id = facts.members[0].id if facts.members else None
        owner = ledger.Owner(facts.event.id, member_id, act.subject.guest_name, act.subject.guest_key)
        written = ledger.insert_row(owner, state, scan, act.at)
    else:
        written = ledger.update_row(row, state, scan, act.at)
    if written is None:
        raise _Changed
    live.announce(facts.event.id, facts.event.code)
    return CheckInResult(verdict.outcome, facts.event.id, act.operation_id, written, answer, flag)


def _refuse(act: Act, facts: Facts, outcome: Outcome) -> CheckInResult:
    """Leave a scan and change nothing else."""
    heads = act.terms.party_size or (facts.row.party_size if facts.row else 1)
    answer = answers.answer_for(outcome, facts, act.subject, window=window_of(facts), at=act.occurred_at, heads=heads)
    row_id = facts.row.id if facts.row else None
    ledger.write_scan(scan_row(act, facts, Verdict(outcome), answer, heads), row_id)
    # No number changed, but the dashboard's feed tells of refusals too.
    live.announce(facts.event.id, facts.event.code, numbers_changed=False)
    return CheckInResult(outcome, facts.event.id, act.operation_id, row_id, answer)


def _earns(facts: Facts) -> bool:
    """Does this entry bring points? Only the one that makes somebody attended does."""
    return bool(facts.event.points) and not (facts.row and facts.row.attended)


def _reward(act: Act, facts: Facts, result: CheckInResult) -> None:
    """Points for coming, once per stay on the list, and a link to the group whose event it is."""
    member_id, event = facts.members[0].id, facts.event
    if _earns(facts):
        loyalty.award(
            member_id,
            event.points,
            description=event.name,
            at=act.at,
            reference=f"attendance:{result.attendance_id}:{act.operation_id}",
            before=facts.story.points_before,
        )
    if event.group_id is not None and not facts.story.is_linked:
        link_to_group(event.group_id, member_id, at=act.occurred_at, how=GroupMember.How.CAME)
