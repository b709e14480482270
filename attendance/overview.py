"""Which events the people at the doors work at: today's, the next ones, and those that ended lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.tallies import with_tallies
from checkin_project.platform.access import Actor
from events.calendar import is_on
from events.models import Event, EventQuerySet, ReviewStatus

MOST_TODAY, MOST_OTHERS = 60, 8
# Wide enough for every zone's idea of today.
AROUND = timedelta(days=2)
AHEAD, BACK = timedelta(days=30), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Overview:
    """Events with their heads, see `attendance.tallies`. `is_open` holds the ids of those whose check-in is open."""

    today: list[Event]
    coming: list[Event]
    ended: list[Event]
    is_open: frozenset[int]

    @property
    def is_empty(self) -> bool:
        return not (self.today or self.coming or self.ended)


def overview(actor: Actor, *, at: datetime) -> Overview:
    """What the actor works at, around `at`. Three queries, however many events there are."""
    near = _worked_at(actor).filter(starts_at__lt=at + AROUND, ends_at__gt=at - AROUND)
    around = list(with_tallies(near).order_by("starts_at", "pk")[: 2 * MOST_TODAY])
    # Also what is open without being today's: last night's party after midnight, tomorrow's early doors.
    open_now = frozenset(event.pk for event in around if _is_open(event, at))
    today = [event for event in around if event.pk in open_now or is_on(event, at)][:MOST_TODAY]
    shown = [event.pk for event in today]
    others = _worked_at(actor).exclude(pk__in=shown)
    coming = others.filter(starts_at__gt=at, starts_at__lt=at + AHEAD).order_by("starts_at", "pk")
    ended = others.filter(ends_at__lte=at, ends_at__gt=at - BACK).order_by("-ends_at", "-pk")
    return Overview(today, list(with_tallies(coming)[:MOST_OTHERS]), list(with_tallies(ended)[:MOST_OTHERS]), open_now)


def _worked_at(actor: Actor) -> EventQuerySet:
    """Events whose doors the actor may stand at; drafts and what awaits approval have none yet."""
    events = Event.objects.visible_to(actor) if actor.is_staff else Event.objects.none()
    found = events.filter(review_status=ReviewStatus.APPROVED, duplicate_of__isnull=True)
    return found.exclude(stored_status=Event.Stored.DRAFT).select_related("group", "check_in_settings")


def _is_open(event: Event, at: datetime) -> bool:
    opens_at, closes_at = event.check_in_settings.window(event)
    return event.stored_status == Event.Stored.SCHEDULED and opens_at <= at <= closes_at
