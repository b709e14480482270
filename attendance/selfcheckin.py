"""Checking oneself in by an event code: what a code and its session are good for at this moment, and the check-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from attendance import codesessions, ledger
from attendance.attempt import Terms
from attendance.checkin import check_in
from attendance.codesessions import Session
from attendance.eventcodes import Kind, Reading, is_withdrawn
from attendance.models import Scan
from attendance.outcomes import CheckInResult, Outcome
from attendance.subjects import By, Subject
from checkin_project.platform.access import Actor
from events.models import Event
from members.models import Member


@dataclass(frozen=True, slots=True)
class SelfCheckIn:
    """`problem` is what was wrong with the code, whatever the rule found; `is_used`: its session had served another."""

    result: CheckInResult
    problem: Outcome | None = None
    is_used: bool = False


def check_in_self(
    subject: Subject, reading: Reading, session: Session | None, *, at: datetime, operation_id: UUID
) -> SelfCheckIn:
    """Check `subject` in by an event code whose event is known.

    Repeat-safe as `check_in`, and every attempt leaves a Scan. A poster checks in as many as come by it. A rotating
    code needs the session that opening it granted: one accepted check-in each, whatever was refused before. Whoever was
    accepted by it hears the first answer again. Raises ValueError for a code without an event.
    """
    event, kind = reading.known
    attempt = _Attempt(subject, event, kind, at, operation_id)
    problem = problem_with(reading, session, at=at)
    if kind is Kind.POSTER or session is None or problem is not None:
        result = attempt.make(problem)
        # Whoever was in before the code ran out, and asks again because the answer got lost, is in.
        return SelfCheckIn(result, None if result.outcome is Outcome.CHECKED_IN else problem)
    return _use_up(session, attempt)


def problem_with(reading: Reading, session: Session | None, *, at: datetime) -> Outcome | None:
    """What is wrong with the code for who sends the form: whoever opened a rotating code in time has five minutes."""
    if reading.event is None or reading.kind is not Kind.ROTATING:
        return reading.problem
    if reading.problem in (Outcome.CODE_REVOKED, Outcome.CODE_INVALID):
        return reading.problem
    if session is None or session.event_code != reading.event.code or session.is_over(at):
        return Outcome.CODE_EXPIRED
    is_gone = is_withdrawn(reading.event.check_in_settings, Kind.ROTATING, session.version)
    return Outcome.CODE_REVOKED if is_gone else None


@dataclass(frozen=True, slots=True)
class _Attempt:
    subject: Subject
    event: Event
    kind: Kind
    at: datetime
    operation_id: UUID

    def make(self, problem: Outcome | None, *, again: UUID | None = None) -> CheckInResult:
        """The check-in; `again` is the operation whose answer this person has heard already."""
        return check_in(
            self.subject,
            self.event.code,
            by=Actor(event_code=self.event.code),
            at=self.at,
            operation_id=again or self.operation_id,
            door=self.kind.method,
            terms=Terms(code_problem=problem),
        )


def _use_up(session: Session, attempt: _Attempt) -> SelfCheckIn:
    """Claim the session and check in, in one transaction, so that of two at the same instant only one is accepted."""
    with ledger.turn(), transaction.atomic():
        holder = codesessions.claim(session, attempt.operation_id, at=attempt.at)
        if holder != attempt.operation_id:
            if _is_the_same_person(attempt.subject, holder):
                return SelfCheckIn(attempt.make(None, again=holder))
            return SelfCheckIn(attempt.make(Outcome.CODE_EXPIRED), Outcome.CODE_EXPIRED, is_used=True)
        result = attempt.make(None)
        if result.outcome not in (Outcome.CHECKED_IN, Outcome.OPERATION_CONFLICT):
            codesessions.release(session, attempt.operation_id)
        return SelfCheckIn(result)


def _is_the_same_person(subject: Subject, operation_id: UUID) -> bool:
    """Was the operation about this very person? At most two queries."""
    written = Scan.objects.filter(operation_id=operation_id).values_list("subject", flat=True).first()
    if subject.by in (By.NUMBER, By.PASS):
        found = Member.objects.filter(subject.as_filter()).values_list("pk", flat=True)[:2]
        return [written] == [f"m:{pk}" for pk in found]
    return written == subject.key(None)
