"""One attempt at a door: who is meant, on which terms, and how that reads against what is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from attendance import answers, ledger
from attendance.facts import Facts
from attendance.history import Fact
from attendance.models import Attendance, Method, Scan
from attendance.outcomes import Answer, Outcome
from attendance.subjects import By, Subject
from attendance.verdict import Situation, Verdict
from checkin_project.platform.access import Actor
from events.models import Event, ReviewStatus
from events.windows import check_in_window
from members.models import Member

CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """How somebody comes in, beyond who and when.

    `party_size` None means as registered, or one. `occurred_at` is the device's corrected time of the scan, if it is
    not now. `offline` marks a fact that happened while nobody could be asked: it is flagged, never refused away.
    `code_problem` is what is wrong with the event's code that somebody came by (CODE_EXPIRED, _REVOKED or _INVALID).
    """

    party_size: int | None = None
    walk_in_confirmed: bool = False
    override_reason: str = ""
    occurred_at: datetime | None = None
    offline: bool = False
    code_problem: Outcome | None = None


PLAIN = Terms()


@dataclass(frozen=True, slots=True)
class Act:
    """One attempt at a door, as asked for."""

    kind: Scan.Kind
    subject: Subject
    event_code: str
    by: Actor
    at: datetime
    operation_id: UUID
    door: Method
    terms: Terms
    undoes: UUID | None = None
    beside: UUID | None = None

    @property
    def occurred_at(self) -> datetime:
        """The device's time, but never more than five minutes ahead of ours."""
        return min(self.terms.occurred_at or self.at, self.at + CLOCK_TOLERANCE)

    @property
    def is_clamped(self) -> bool:
        return self.occurred_at != (self.terms.occurred_at or self.at)


def problem(act: Act, facts: Facts) -> Outcome | None:
    """Rows 2 to 4 of the table: what is wrong with the code or with who was looked for."""
    is_guest = act.subject.by is By.GUEST
    if not is_guest and not facts.members:
        return Outcome.NOT_FOUND
    if act.terms.code_problem is not None or is_guest:
        return act.terms.code_problem
    if len(facts.members) > 1:
        return Outcome.AMBIGUOUS
    return Outcome.CODE_REVOKED if facts.members[0].revoked_at is not None else None


def situation(act: Act, facts: Facts, heads: int) -> Situation:
    event, row = facts.event, facts.row
    opens_at, closes_at = window_of(facts)
    holds_seat = row is not None and (row.state == Attendance.State.REGISTERED or row.is_inside)
    return Situation(
        at=act.occurred_at,
        opens_at=opens_at,
        closes_at=closes_at,
        problem=problem(act, facts),
        event_cancelled=event.stored_status == Event.Stored.CANCELLED,
        event_published=event.review_status == ReviewStatus.APPROVED and event.stored_status != Event.Stored.DRAFT,
        reentry=event.reentry,
        walk_ins=event.walk_ins,
        registration=row.registration if row else "",
        has_been_in=bool(row and row.attended),
        is_inside=bool(row and row.is_inside),
        member_blocked=bool(facts.members) and facts.members[0].status == Member.Status.BLOCKED,
        walk_in_confirmed=act.terms.walk_in_confirmed,
        capacity=event.capacity,
        party_size=heads,
        seats_held=row.party_size if row and holds_seat else 0,
        override=bool(act.terms.override_reason),
        offline=act.terms.offline,
    )


def window_of(facts: Facts) -> tuple[datetime, datetime]:
    event = facts.event
    return check_in_window(
        event.starts_at,
        event.ends_at,
        all_day=event.all_day,
        minutes_before=event.opens_minutes_before,
        minutes_after=event.closes_minutes_after,
        closed_at=event.closed_at,
    )


def after_what_stands(act: Act, facts: Facts) -> Act:
    """What happens now happens after what is recorded, also when two servers' clocks differ by a little."""
    last_at = facts.story.last_at
    if act.terms.occurred_at is None and last_at is not None and act.at <= last_at:
        return replace(act, terms=replace(act.terms, occurred_at=last_at + timedelta(microseconds=1)))
    return act


def fact_of(act: Act, heads: int) -> Fact:
    return Fact(
        operation_id=act.beside or act.operation_id,
        kind=act.kind.value,
        occurred_at=act.occurred_at,
        method=act.door.value,
        party_size=heads,
        undoes=act.undoes,
        device_id=act.by.device_id,
        user_id=act.by.user_id,
    )


def scan_row(act: Act, facts: Facts, verdict: Verdict, answer: Answer, heads: int, *, flag: str = "") -> ledger.ScanRow:
    return ledger.ScanRow(
        event_id=facts.event.id,
        kind=act.kind.value,
        outcome=verdict.outcome.value,
        operation_id=act.operation_id,
        undoes=act.undoes,
        beside=act.beside,
        occurred_at=act.occurred_at,
        received_at=act.at,
        method=act.door.value,
        device_id=act.by.device_id,
        gate=act.by.gate,
        user_id=act.by.user_id,
        api_key_id=act.by.key_id,
        subject=act.subject.key(facts.members[0].id if len(facts.members) == 1 else None),
        code_fingerprint=act.subject.fingerprint,
        party_size=heads,
        offline=act.terms.offline,
        answer=answers.to_json(answer),
        overrode=verdict.overrode,
        reason=act.terms.override_reason if verdict.overrode else "",
        flag=flag,
    )
