"""What a door can answer: the outcomes, and the result every rule function returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from attendance.subjects import Choice


class Outcome(StrEnum):
    CHECKED_IN = "checked_in"
    ALREADY_IN = "already_in"
    NOT_FOUND = "not_found"
    CODE_EXPIRED = "code_expired"
    CODE_REVOKED = "code_revoked"
    CODE_INVALID = "code_invalid"
    AMBIGUOUS = "ambiguous"
    EVENT_CANCELLED = "event_cancelled"
    NOT_PUBLISHED = "not_published"
    NOT_OPEN_YET = "not_open_yet"
    CLOSED = "closed"
    MEMBER_BLOCKED = "member_blocked"
    REGISTRATION_CANCELLED = "registration_cancelled"
    NOT_REGISTERED = "not_registered"
    FULL = "full"
    CHECKED_OUT = "checked_out"
    ALREADY_OUT = "already_out"
    NOT_IN = "not_in"
    UNDONE = "undone"
    NOTHING_TO_UNDO = "nothing_to_undo"
    OPERATION_CONFLICT = "operation_conflict"


class Tone(StrEnum):
    """How an outcome looks and sounds: its colour, its shape and its sound file share this name."""

    WELCOME = "welcome"  # green, ✓
    ATTENTION = "attention"  # amber, !
    STOP = "stop"  # red, ✕
    UNDONE = "undone"  # neutral, ↺


TONE: dict[Outcome, Tone] = {
    Outcome.CHECKED_IN: Tone.WELCOME,
    Outcome.ALREADY_IN: Tone.ATTENTION,
    Outcome.NOT_FOUND: Tone.STOP,
    Outcome.CODE_EXPIRED: Tone.STOP,
    Outcome.CODE_REVOKED: Tone.STOP,
    Outcome.CODE_INVALID: Tone.STOP,
    Outcome.AMBIGUOUS: Tone.ATTENTION,
    Outcome.EVENT_CANCELLED: Tone.STOP,
    Outcome.NOT_PUBLISHED: Tone.STOP,
    Outcome.NOT_OPEN_YET: Tone.STOP,
    Outcome.CLOSED: Tone.STOP,
    Outcome.MEMBER_BLOCKED: Tone.STOP,
    Outcome.REGISTRATION_CANCELLED: Tone.STOP,
    Outcome.NOT_REGISTERED: Tone.ATTENTION,
    Outcome.FULL: Tone.STOP,
    Outcome.CHECKED_OUT: Tone.WELCOME,
    Outcome.ALREADY_OUT: Tone.ATTENTION,
    Outcome.NOT_IN: Tone.ATTENTION,
    Outcome.UNDONE: Tone.UNDONE,
    Outcome.NOTHING_TO_UNDO: Tone.UNDONE,
    Outcome.OPERATION_CONFLICT: Tone.STOP,
}

# A supervisor may admit in spite of these, with a reason.
OVERRIDABLE = frozenset(
    {
        Outcome.NOT_OPEN_YET,
        Outcome.CLOSED,
        Outcome.MEMBER_BLOCKED,
        Outcome.REGISTRATION_CANCELLED,
        Outcome.NOT_REGISTERED,
        Outcome.FULL,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door tells the person, beyond the outcome. Stored with the scan, so that a retry hears the same again.

    `visit` counts this person's events with this one included (1 = first visit, 0 = unknown, as for guests);
    `weeks_away` is how many whole weeks ago the visit before was (0 = less than one, or none);
    `since_at`/`since_method` are the first entry's time and door; `opens_at`/`closes_at` bound the check-in window.
    """

    name: str = ""
    party_size: int = 1
    visit: int = 0
    weeks_away: int = 0
    points: int = 0
    tier: str = ""
    is_walk_in: bool = False
    since_at: datetime | None = None
    since_method: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """`attendance_id` is the row the answer is about, if there is one; `replayed` marks a stored first answer."""

    outcome: Outcome
    event_id: int
    operation_id: UUID
    attendance_id: int | None = None
    answer: Answer = field(default_factory=Answer)
    flag: str = ""
    replayed: bool = False

    @property
    def tone(self) -> Tone:
        return TONE[self.outcome]
