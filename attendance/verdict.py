"""The decision table of an entry: a situation in plain values → an outcome. Pure; the cases beside it are data.

`verdict_cases.json` holds the table as cases that every implementation of it has to answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from attendance.outcomes import OVERRIDABLE, Outcome

# How an offline admission that breaks a rule is flagged for a person to look at. What is not here cannot be admitted
# offline either: a scanner admits nobody it does not know.
OFFLINE_FLAG: dict[Outcome, str] = {
    Outcome.EVENT_CANCELLED: "event_cancelled",
    Outcome.NOT_PUBLISHED: "not_published",
    Outcome.ALREADY_IN: "duplicate_admission",
    Outcome.NOT_OPEN_YET: "event_not_open",
    Outcome.CLOSED: "event_closed",
    Outcome.MEMBER_BLOCKED: "blocked",
    Outcome.REGISTRATION_CANCELLED: "registration_cancelled",
    Outcome.NOT_REGISTERED: "not_registered",
    Outcome.FULL: "over_capacity",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the verdict depends on, except the seats, which are counted only when they matter.

    `problem` is what is wrong with the code or the person looked for (rows 2 to 4 of the table), if anything.
    `seats_held` are the heads this person's row holds seats for already; `party_size` those who want in now.
    """

    at: datetime
    opens_at: datetime
    closes_at: datetime
    problem: Outcome | None = None
    event_cancelled: bool = False
    event_published: bool = True
    reentry: str = "once"
    walk_ins: str = "add"
    registration: str = ""
    has_been_in: bool = False
    is_inside: bool = False
    member_blocked: bool = False
    walk_in_confirmed: bool = False
    capacity: int | None = None
    party_size: int = 1
    seats_held: int = 0
    override: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`overrode` is the refusal that a supervisor set aside, `flag` the one that an offline scan ran into."""

    outcome: Outcome
    overrode: str = ""
    flag: str = ""


def decide(situation: Situation, seats_left: Callable[[], int]) -> Verdict:
    """The first objection that stands, or CHECKED_IN. `seats_left()` (free heads) is asked at most once, and last."""
    overrode = flag = ""
    for objection in _objections(situation, seats_left):
        if situation.override and objection in OVERRIDABLE:
            overrode = overrode or objection
        elif situation.offline and objection in OFFLINE_FLAG:
            flag = flag or OFFLINE_FLAG[objection]
        else:
            return Verdict(objection)
    return Verdict(Outcome.CHECKED_IN, overrode, flag)


def _objections(now: Situation, seats_left: Callable[[], int]) -> Iterator[Outcome]:
    """Everything that speaks against the entry, in the order of the table: the order picks the message."""
    if now.problem is not None:
        yield now.problem
    if now.event_cancelled:
        yield Outcome.EVENT_CANCELLED
    if not now.event_published:
        yield Outcome.NOT_PUBLISHED
    if not _may_enter_again(now):
        yield Outcome.ALREADY_IN
    if now.at < now.opens_at:
        yield Outcome.NOT_OPEN_YET
    if now.at > now.closes_at:
        yield Outcome.CLOSED
    if now.member_blocked:
        yield Outcome.MEMBER_BLOCKED
    if now.registration == "cancelled" and not now.has_been_in:
        yield Outcome.REGISTRATION_CANCELLED
    if _needs_registration(now):
        yield Outcome.NOT_REGISTERED
    seats_wanted = now.party_size - now.seats_held
    if now.capacity is not None and seats_wanted > 0 and seats_left() < seats_wanted:
        yield Outcome.FULL


def _may_enter_again(now: Situation) -> bool:
    if not now.has_been_in or now.reentry == "unlimited":
        return True
    return now.reentry == "after_exit" and not now.is_inside


def _needs_registration(now: Situation) -> bool:
    """Somebody who was let in before is not asked again."""
    if now.registration or now.has_been_in or now.walk_ins == "add":
        return False
    return now.walk_ins == "refuse" or not now.walk_in_confirmed
