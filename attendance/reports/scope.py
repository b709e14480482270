"""Which events a report is about: a range of days, a group or a series, and what the reader may see of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings

from checkin_project.platform.access import Actor, Permission
from events.models import Event, EventQuerySet, Group, GroupQuerySet, ReviewStatus, Series, SeriesQuerySet

MONTHS = 12
NO_GROUP = 0
# Wide enough for every zone's idea of a day.
AROUND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Filters:
    """Days on which events start in their own time zones, both ends included; one group, one series, or all.

    `group_id` NO_GROUP asks for events that belong to none.

    `first` lies far enough from the beginning of time for a range before it, `last` from its end; the form sees to it.
    """

    first: date
    last: date
    group_id: int | None = None
    series_id: int | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as reports know it. `starts_at` is in its own zone; `place` is the place in time within its scope."""

    place: int
    pk: int
    code: str
    legacy_id: str
    name: str
    group_id: int | None
    group: str
    series_id: int | None
    series: str
    starts_at: datetime
    all_day: bool

    @property
    def on(self) -> date:
        """The day on which it starts where it takes place."""
        return self.starts_at.date()

    @property
    def month(self) -> date:
        """The first day of its month."""
        return self.on.replace(day=1)


@dataclass(frozen=True)
class Scope:
    """`history` are the events of the group or series up to the last day, oldest first: what "first time" looks at.

    `at` is the moment of asking.
    """

    filters: Filters
    history: tuple[Occurrence, ...]
    at: datetime

    @cached_property
    def events(self) -> tuple[Occurrence, ...]:
        """Those of the range."""
        return self._between(self.filters.first, self.filters.last)

    @cached_property
    def before(self) -> tuple[Occurrence, ...]:
        """Those of as many days right before the range: what it is compared with."""
        first = self.filters.first
        days = (self.filters.last - first).days + 1
        return self._between(first - timedelta(days=days), first - timedelta(days=1))

    def _between(self, first: date, last: date) -> tuple[Occurrence, ...]:
        return tuple(event for event in self.history if first <= event.on <= last)


def usual(at: datetime) -> Filters:
    """The last twelve months: the one that `at` falls in, as far as it has got, and eleven whole ones."""
    today = today_at(at)
    months = today.year * 12 + today.month - MONTHS
    return Filters(date(months // 12, months % 12 + 1, 1), today)


def today_at(at: datetime) -> date:
    """The day in the organisation's zone."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def reported(actor: Actor) -> EventQuerySet:
    """Events whose numbers the actor may read, as far as events count at all.

    Drafts, what awaits approval, duplicates and what is cancelled do not; events hidden from the public do.
    """
    events = _where_reports(Event.objects.visible_to(actor), actor)
    counted = events.filter(review_status=ReviewStatus.APPROVED, stored_status=Event.Stored.SCHEDULED)
    return counted.filter(duplicate_of__isnull=True)


def groups_of(actor: Actor) -> GroupQuerySet:
    """Groups that the actor may ask about."""
    groups = Group.objects.visible_to(actor)
    return groups if actor.may(Permission.REPORTS) else groups.filter(pk__in=actor.groups_where(Permission.REPORTS))


def series_of(actor: Actor) -> SeriesQuerySet:
    """Series that the actor may ask about."""
    series = Series.objects.visible_to(actor)
    if actor.may(Permission.REPORTS):
        return series
    return series.filter(group_id__in=actor.groups_where(Permission.REPORTS))


def scope_for(actor: Actor, filters: Filters, *, at: datetime) -> Scope:
    """The events that have begun by `at`. One query, however many there are."""
    events = reported(actor).filter(starts_at__lte=at, starts_at__lt=_end_of(filters.last))
    if filters.group_id == NO_GROUP:
        events = events.filter(group__isnull=True)
    elif filters.group_id is not None:
        events = events.filter(group_id=filters.group_id)
    if filters.series_id is not None:
        events = events.filter(series_id=filters.series_id)
    rows = events.order_by("starts_at", "pk").values_list(
        "pk",
        "code",
        "legacy_id",
        "name",
        "group_id",
        "group__name",
        "series_id",
        "series__name",
        "all_day",
        "starts_at",
        "timezone",
    )
    found: list[Occurrence] = []
    for pk, code, legacy_id, name, group_id, group, series_id, series, all_day, starts_at, zone in rows:
        event = Occurrence(
            place=len(found),
            pk=pk,
            code=code,
            legacy_id=legacy_id or "",
            name=name,
            group_id=group_id,
            group=group or "",
            series_id=series_id,
            series=series or "",
            starts_at=starts_at.astimezone(ZoneInfo(zone)),
            all_day=all_day,
        )
        if event.on <= filters.last:
            found.append(event)
    return Scope(filters, tuple(found), at)


def _where_reports(events: EventQuerySet, actor: Actor) -> EventQuerySet:
    """A role that reads no reports shows events, and nothing of who came."""
    if actor.may(Permission.REPORTS):
        return events
    return events.filter(group_id__in=actor.groups_where(Permission.REPORTS))


def _end_of(day: date) -> datetime:
    """An instant after which the day is over everywhere."""
    return datetime.combine(day, time(), tzinfo=UTC) + 2 * AROUND
