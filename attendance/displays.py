"""Showing an event's code on a screen and on paper: for whom, when, and why not.

Whoever checks people in at an event may show and print its code; withdrawing one is `attendance.eventcodes.withdraw`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from attendance import eventcodes
from attendance.eventcodes import EventCode
from attendance.openness import openness
from attendance.outcomes import Outcome
from checkin_project.platform import qr
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.qr import Drawing
from events.models import CheckInSettings, Event, ReviewStatus

# A poster's code on a screen stays the same picture for so long, which leaves it three quarters of its life.
STEADY = eventcodes.POSTER_LIFE / 4
LOOK_AHEAD = timedelta(days=7)
MOST_COMING = 60
# Each picture takes some tens of milliseconds.
MOST_POSTERS = 30


class Showing(StrEnum):
    """What an event's screen shows. All but the last are reasons why there is no code on it."""

    CANCELLED = "cancelled"
    DRAFT = "draft"
    CLOSED = "closed"
    OFF = "off"
    EARLY = "early"
    OPEN = "open"


_SHOWING: dict[Outcome | None, Showing] = {
    Outcome.EVENT_CANCELLED: Showing.CANCELLED,
    Outcome.NOT_PUBLISHED: Showing.DRAFT,
    Outcome.CLOSED: Showing.CLOSED,
    Outcome.NOT_OPEN_YET: Showing.EARLY,
    None: Showing.OPEN,
}


@dataclass(frozen=True, slots=True)
class Screen:
    """An event's screen at one moment. `code` and `qr` are there when it is open.

    `changes_at` is when time alone changes what it shows; `version` differs when the page has to be drawn anew.
    """

    showing: Showing
    opens_at: datetime
    closes_at: datetime
    changes_at: datetime | None
    version: str
    code: EventCode | None = None
    qr: Drawing | None = None


class Problem(StrEnum):
    """Why there is nothing to print; the first five as on the screen."""

    CANCELLED = "cancelled"
    DRAFT = "draft"
    CLOSED = "closed"
    OFF = "off"
    ROTATING = "rotating"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class Poster:
    """One page to print, or why there is none. It works until `until`, which may come before check-in closes."""

    event: Event
    opens_at: datetime
    closes_at: datetime
    problem: Problem | None = None
    print_from: datetime | None = None
    until: datetime | None = None
    qr: Drawing | None = None

    @property
    def ends_too_soon(self) -> bool:
        return self.until is not None and self.until < self.closes_at

    @property
    def last_minute(self) -> datetime | None:
        """`until` as people understand it: midnight reads as a minute before, so that nobody takes the wrong day."""
        if self.until is None:
            return None
        local = self.until.astimezone(self.event.zone)
        return local - timedelta(minutes=1) if (local.hour, local.minute) == (0, 0) else local


def event_for(actor: Actor, code: str) -> Event | None:
    """The event of this code with settings and group, for those who check people in there. One query."""
    found = Event.objects.visible_to(actor).filter(code=code).select_related("check_in_settings", "group").first()
    return found if found is not None and actor.may(Permission.SCAN, found.group_id) else None


def showing(event: Event, *, at: datetime) -> Showing:
    """The first reason not to show the event's code at `at`, or OPEN. Asks the database nothing."""
    problem = openness(event, at=at).problem
    is_off = event.check_in_settings.self_check_in == CheckInSettings.SelfCheckIn.OFF
    if is_off and problem in (None, Outcome.NOT_OPEN_YET):
        return Showing.OFF
    return _SHOWING[problem]


def screen(event: Event, *, at: datetime) -> Screen:
    """What the event's screen shows at `at`. Writes nothing and asks the database nothing."""
    opens_at, closes_at = event.check_in_settings.window(event)
    shown = showing(event, at=at)
    code = _screen_code(event, at) if shown is Showing.OPEN else None
    return Screen(
        showing=shown,
        opens_at=opens_at,
        closes_at=closes_at,
        changes_at={Showing.EARLY: opens_at, Showing.OPEN: closes_at, Showing.OFF: closes_at}.get(shown),
        version=_version(event, shown),
        code=code,
        qr=qr.drawing(code.url, slanted=True) if code else None,
    )


def _screen_code(event: Event, at: datetime) -> EventCode:
    """A screen asks twice a minute; only a rotating code changes as often, a poster's picture stays calm."""
    if event.check_in_settings.self_check_in == CheckInSettings.SelfCheckIn.ROTATING:
        return eventcodes.issue(event, at=at)
    seconds = int(at.timestamp())
    steady = datetime.fromtimestamp(seconds - seconds % int(STEADY.total_seconds()), UTC)
    return eventcodes.issue(event, at=steady)


def _version(event: Event, shown: Showing) -> str:
    rules = event.check_in_settings
    seen = (
        shown,
        rules.self_check_in,
        rules.window(event),
        event.name,
        event.location,
        event.starts_at,
        event.ends_at,
        event.timezone,
        event.all_day,
    )
    return f"{zlib.crc32(repr(seen).encode()):08x}"


def poster_terms(event: Event, *, at: datetime) -> Poster:
    """Whether there is a page to print for the event, and until when it would work; without the picture."""
    opens_at, closes_at = event.check_in_settings.window(event)
    problem = _problem(event, at)
    if problem is None:
        return Poster(event, opens_at, closes_at, until=min(at + eventcodes.POSTER_LIFE, closes_at))
    print_from = opens_at - eventcodes.POSTER_LIFE if problem is Problem.TOO_EARLY else None
    return Poster(event, opens_at, closes_at, problem, print_from)


def poster(event: Event, *, at: datetime) -> Poster:
    """The page to print for the event, or why there is none. Writes nothing and asks the database nothing."""
    terms = poster_terms(event, at=at)
    if terms.problem is not None:
        return terms
    code = eventcodes.issue(event, at=at)
    return replace(terms, qr=qr.drawing(code.url, correction=qr.PRINT, slanted=True))


def _problem(event: Event, at: datetime) -> Problem | None:
    shown = showing(event, at=at)
    if shown not in (Showing.OPEN, Showing.EARLY):
        return Problem(shown.value)
    if event.check_in_settings.self_check_in == CheckInSettings.SelfCheckIn.ROTATING:
        return Problem.ROTATING
    opens_at, _closes_at = event.check_in_settings.window(event)
    return Problem.TOO_EARLY if at + eventcodes.POSTER_LIFE <= opens_at else None


def coming_events(actor: Actor, *, at: datetime) -> list[Event]:
    """Events of the next seven days where the actor checks people in, by start; not the cancelled ones. One query."""
    found = Event.objects.visible_to(actor).filter(
        review_status=ReviewStatus.APPROVED,
        duplicate_of__isnull=True,
        starts_at__lte=at + LOOK_AHEAD,
        ends_at__gte=at - timedelta(days=2),
    )
    found = found.exclude(stored_status=Event.Stored.CANCELLED).select_related("check_in_settings", "group")
    mine = [event for event in found.order_by("starts_at", "pk") if actor.may(Permission.SCAN, event.group_id)]
    return [event for event in mine if showing(event, at=at) is not Showing.CLOSED][:MOST_COMING]


def events_for(actor: Actor, codes: set[str]) -> list[Event]:
    """The events of these codes at which the actor checks people in, by start, at most MOST_POSTERS. One query."""
    found = Event.objects.visible_to(actor).filter(code__in=codes).select_related("check_in_settings", "group")
    mine = [event for event in found.order_by("starts_at", "pk") if actor.may(Permission.SCAN, event.group_id)]
    return mine[:MOST_POSTERS]
