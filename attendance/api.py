"""The JSON door: check in, check out, take back, and read an event's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import AwareDatetime, Field, model_validator

from attendance import live
from attendance.attempt import Terms
from attendance.callers import BearerAuth, Caller, caller_of
from attendance.checkin import check_in, check_out, undo
from attendance.messages import message_for
from attendance.models import Device
from attendance.outcomes import Answer, CheckInResult, Outcome
from attendance.stats import Counts
from attendance.subjects import Subject, by_code, by_guest_name, by_member
from checkin_project.platform.access import Scope
from checkin_project.platform.jsonapi import ErrorAnswer, StrictSchema, answer
from events.models import CODE_LENGTH, Event

HTTP_STATUS: dict[Outcome, int] = {
    Outcome.CHECKED_IN: 201,
    Outcome.ALREADY_IN: 200,
    Outcome.NOT_FOUND: 404,
    Outcome.CODE_EXPIRED: 410,
    Outcome.CODE_REVOKED: 410,
    Outcome.CODE_INVALID: 400,
    Outcome.AMBIGUOUS: 409,
    Outcome.EVENT_CANCELLED: 409,
    Outcome.NOT_PUBLISHED: 409,
    Outcome.NOT_OPEN_YET: 409,
    Outcome.CLOSED: 409,
    Outcome.MEMBER_BLOCKED: 403,
    Outcome.REGISTRATION_CANCELLED: 409,
    Outcome.NOT_REGISTERED: 409,
    Outcome.FULL: 409,
    Outcome.CHECKED_OUT: 201,
    Outcome.ALREADY_OUT: 200,
    Outcome.NOT_IN: 409,
    Outcome.UNDONE: 200,
    Outcome.NOTHING_TO_UNDO: 200,
    Outcome.OPERATION_CONFLICT: 409,
}
EVENT_UNKNOWN = "event_not_found"


router = Router(auth=BearerAuth(), tags=["check-in"])
EventCode = Annotated[str, Field(min_length=CODE_LENGTH, max_length=CODE_LENGTH)]


class CheckInBody(StrictSchema):
    """Exactly one of `code`, `member` and `guest_name` says who. Times carry their offset."""

    event: EventCode
    operation_id: UUID
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    member: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    guest_name: Annotated[str, Field(min_length=1, max_length=150)] | None = None
    kind: Literal["entry", "exit"] = "entry"
    occurred_at: AwareDatetime | None = None
    party_size: Annotated[int, Field(ge=1, le=100)] | None = None
    walk_in_confirmed: bool = False
    override_reason: Annotated[str, Field(max_length=300)] = ""

    @model_validator(mode="after")
    def _exactly_one_person(self) -> CheckInBody:
        if sum(value is not None for value in (self.code, self.member, self.guest_name)) != 1:
            raise ValueError(_("Give exactly one of code, member and guest_name."))
        return self


class UndoBody(StrictSchema):
    """`undoes` names the operation to take back; or `member`, `code` or `guest_name` the person whose last entry."""

    event: EventCode
    operation_id: UUID
    undoes: UUID | None = None
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    member: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    guest_name: Annotated[str, Field(min_length=1, max_length=150)] | None = None

    @model_validator(mode="after")
    def _exactly_one_target(self) -> UndoBody:
        if sum(value is not None for value in (self.undoes, self.code, self.member, self.guest_name)) != 1:
            raise ValueError(_("Give exactly one of undoes, code, member and guest_name."))
        return self


class AttendanceOut(Schema):
    id: int
    name: str
    party_size: int


class CountsOut(Schema):
    """Heads. `show_rate` is the share of the expected who came, from 0 to 1; null when nobody is expected."""

    expected: int
    checked_in: int
    inside: int
    walk_ins: int
    no_shows: int
    shown: int
    show_rate: float | None


class DetailsOut(Schema):
    """What the outcome carries besides: first time and door, the window, the story, masked choices."""

    visit: int
    weeks_away: int
    points: int
    tier: str
    is_walk_in: bool
    since_at: datetime | None
    since_method: str
    opens_at: datetime | None
    closes_at: datetime | None
    choices: list[str]


class CheckInOut(Schema):
    outcome: Outcome
    message: str
    operation_id: UUID
    replayed: bool
    attendance: AttendanceOut | None
    details: DetailsOut
    counts: CountsOut


class Reply(NamedTuple):
    """Status and JSON of an answer."""

    status: int
    body: dict[str, Any]


_ANSWERS = dict.fromkeys(sorted(set(HTTP_STATUS.values())), CheckInOut) | {401: ErrorAnswer}


@router.post("/check-ins", response=_ANSWERS, summary="Check somebody in or out", url_name="check_ins")
def post_check_in(request: HttpRequest, asked: CheckInBody) -> HttpResponse:
    """Repeat-safe: send the same `operation_id` again until an answer arrives; it is the first answer again."""
    return _respond(perform(caller_of(request), asked))


def perform(caller: Caller, asked: CheckInBody) -> Reply:
    """Status and body of the answer. Raises PermissionDenied, and ValidationError for a name that is none."""
    actor = caller.permitted(Scope.CHECK_IN)
    subject = _subject(caller, asked)
    terms = Terms(asked.party_size, asked.walk_in_confirmed, asked.override_reason, asked.occurred_at)
    act = check_in if asked.kind == "entry" else check_out
    try:
        result = act(
            subject,
            asked.event,
            by=actor,
            at=timezone.now(),
            operation_id=asked.operation_id,
            door=caller.door,
            terms=terms,
        )
    except Event.DoesNotExist:
        return _unknown_event()
    return _answer(result)


@router.post("/check-ins/undo", response=_ANSWERS, summary="Take a check-in back", url_name="undo")
def post_undo(request: HttpRequest, asked: UndoBody) -> HttpResponse:
    """Stewards take back their own last ten operations for ten minutes, supervisors any."""
    caller = caller_of(request)
    actor = caller.permitted(Scope.CHECK_IN)
    subject = None if asked.undoes else _subject(caller, asked)
    try:
        result = undo(
            subject,
            asked.event,
            by=actor,
            at=timezone.now(),
            operation_id=asked.operation_id,
            door=caller.door,
            undoes=asked.undoes,
        )
    except Event.DoesNotExist:
        return _respond(_unknown_event())
    return _respond(_answer(result))


@router.get("/events/{code}/counts", response={200: CountsOut, 404: ErrorAnswer}, summary="An event's numbers")
def get_counts(request: HttpRequest, code: str) -> HttpResponse:
    """Counted from the event's rows; at most a quarter of a second old."""
    actor = caller_of(request).permitted(Scope.READ_COUNTS)
    event = Event.objects.visible_to(actor).filter(code=code).only("pk").first()
    if event is None:
        return _respond(_unknown_event())
    return answer(_counts(live.snapshot(event.pk)), status=200)


def _respond(told: Reply) -> HttpResponse:
    return answer(told.body, status=told.status)


def _subject(caller: Caller, asked: CheckInBody | UndoBody) -> Subject:
    if asked.member is not None and caller.device_kind == Device.Kind.KIOSK:
        # Anybody may stand before a kiosk: it must not be a way to try numbers until names come out.
        raise PermissionDenied(_("A kiosk names people by their code."))
    if asked.member is not None:
        return by_member(asked.member)
    if asked.guest_name is not None:
        return by_guest_name(asked.guest_name)
    return by_code(asked.code or "")


def _unknown_event() -> Reply:
    return Reply(404, {"error": {"code": EVENT_UNKNOWN, "message": _("There is no such event.")}})


def _answer(result: CheckInResult) -> Reply:
    said = result.answer
    attendance = None
    if result.attendance_id is not None:
        attendance = {"id": result.attendance_id, "name": said.name, "party_size": said.party_size}
    body = {
        "outcome": result.outcome.value,
        "message": message_for(result),
        "operation_id": result.operation_id,
        "replayed": result.replayed,
        "attendance": attendance,
        "details": _details(said),
        "counts": _counts(live.snapshot(result.event_id)),
    }
    return Reply(HTTP_STATUS[result.outcome], body)


def _details(answer: Answer) -> dict[str, Any]:
    return {
        "visit": answer.visit,
        "weeks_away": answer.weeks_away,
        "points": answer.points,
        "tier": answer.tier,
        "is_walk_in": answer.is_walk_in,
        "since_at": answer.since_at,
        "since_method": answer.since_method,
        "opens_at": answer.opens_at,
        "closes_at": answer.closes_at,
        "choices": [choice.label for choice in answer.choices],
    }


def _counts(found: Counts) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Counts.__slots__} | {"show_rate": found.show_rate}
