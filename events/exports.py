"""Events and groups as tables: in the shapes of older spreadsheets, which an import reads back, and with all fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports import Table, register, stream
from checkin_project.platform.exports.columns import extra_cell, extra_headings, house_zone, local, plain
from checkin_project.platform.exports.narrowing import of_rows
from checkin_project.platform.exports.table import Row
from events.legacy import ALIASES
from events.models import Category, Event, Group, GroupMember, Series

# The first five are those of older systems, in their order. Behind them come the columns kept in `extra`.
HEADINGS = ("id", "name", "event_date", "location", "created_at", "active")
_READ = (
    "legacy_id",
    "code",
    "name",
    "starts_at",
    "timezone",
    "all_day",
    "location",
    "created_at",
    "hidden",
    "extra",
)

FULL_HEADINGS = (
    "code",
    "id",
    "name",
    "description",
    "group",
    "series",
    "host",
    "starts_at",
    "ends_at",
    "timezone",
    "all_day",
    "location",
    "location_type",
    "url",
    "cost",
    "categories",
    "capacity",
    "status",
    "closed_at",
    "review_status",
    "source",
    "hidden",
    "created_at",
    "updated_at",
    "extra",
)
_FULL = {
    "id": "legacy_id",
    "group": "group__name",
    "series": "series__name",
    "host": "host_name",
    "categories": "category_names",
    "status": "stored_status",
}
_MOMENTS = ("starts_at", "ends_at", "closed_at", "created_at", "updated_at")
_BREAK = "\n"  # names are one line

# The first four are those of older systems.
GROUP_HEADINGS = (
    "name",
    "fallback_url",
    "ical",
    "website",
    "slug",
    "active",
    "scan_for_metadata",
    "categories",
    "suppress_urls",
    "skip_phrases",
)
FULL_GROUP_HEADINGS = (
    *GROUP_HEADINGS,
    "trusted",
    "review_status",
    "rejection_reason",
    "people",
    "feed_fetched_at",
    "feed_good_at",
    "feed_error",
)
_GROUP = {"ical": "ical_url", "categories": "category_slugs", "people": "people_of_group"}


class _Lines(Aggregate):
    """The texts of a group, one in each line."""

    function = "STRING_AGG"
    template = f"%(function)s(%(expressions)s, '{_BREAK}')"
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, function="GROUP_CONCAT", **context)


def _categories(relation: str, field: str) -> Subquery:
    linked = Category.objects.filter(**{relation: OuterRef("pk")}).order_by().values(relation)
    return Subquery(linked.annotate(lines=_Lines(field)).values("lines"))


def _listed(lines: str | None) -> str:
    return "; ".join(sorted(lines.split(_BREAK))) if lines else ""


def table(rows: QuerySet[Event]) -> Table:
    """As older systems had it, with every column of theirs: read back it changes nothing.

    An event without an older id goes by its code, so that attendance finds it wherever both are read.
    """
    zone, extras = house_zone(), extra_headings(rows, HEADINGS, ALIASES)

    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*_READ)):
            legacy_id, code, name, starts_at, of_event, all_day, location, created_at, hidden, extra = row
            when = event_date(starts_at, ZoneInfo(of_event), zone, all_day=all_day)
            kept = [extra_cell(extra, heading) for heading in extras]
            yield (legacy_id or code, name, when, location, local(created_at, zone), not hidden, *kept)

    return Table("events", HEADINGS + extras, cells)


def event_date(starts_at: datetime, zone: ZoneInfo, house: ZoneInfo, *, all_day: bool) -> date | datetime | None:
    """A day for what lasts all day. Where the house has another day by then, only the moment says which is meant."""
    day = starts_at.astimezone(zone).date()
    return day if all_day and starts_at.astimezone(house).date() == day else local(starts_at, zone)


def full_table(rows: QuerySet[Event]) -> Table:
    """Every field of an event, with its status as it reads at this moment. Its times are on its own clocks."""
    at, house = timezone.now(), house_zone()
    paths = [_FULL.get(heading, heading) for heading in FULL_HEADINGS]
    host = Concat("host__first_name", Value(" "), "host__last_name", output_field=CharField())
    rows = rows.annotate(host_name=host, category_names=_categories("events", "name"))

    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*paths)):
            it = dict(zip(FULL_HEADINGS, row, strict=True))
            fields = {name: it[name] for name in ("starts_at", "ends_at", "closed_at")}
            it["status"] = Event(stored_status=it["status"], **fields).status_at(at).value
            zone = ZoneInfo(it["timezone"])
            for name in _MOMENTS:
                it[name] = local(it[name], house if name in ("created_at", "updated_at") else zone)
            it["host"] = (it["host"] or "").strip()
            it["categories"] = _listed(it["categories"])
            it["extra"] = json.dumps(it["extra"], ensure_ascii=False, sort_keys=True) if it["extra"] else None
            yield tuple(it.values())

    return Table("events-full", FULL_HEADINGS, cells)


def category_table(rows: QuerySet[Category]) -> Table:
    return plain("categories", rows, {"name": "name", "slug": "slug"})


def series_table(rows: QuerySet[Series]) -> Table:
    columns = {
        "name": "name",
        "slug": "slug",
        "group": "group__name",
        "default_start": "default_start",
        "duration_minutes": "duration_minutes",
        "location": "location",
        "capacity": "capacity",
        "timezone": "timezone",
        "points": "points",
    }
    return plain("series", rows, columns)


def events_for(actor: Actor) -> QuerySet[Event]:
    """The events that this actor organises, the latest first."""
    rows = Event.objects.visible_to(actor).order_by("-starts_at", "-pk")
    if actor.may(Permission.EVENTS):
        return rows
    return rows.filter(group_id__in=actor.groups_where(Permission.EVENTS))


def groups_for(actor: Actor) -> QuerySet[Group]:
    """The groups that this actor works for as an organiser."""
    rows = Group.objects.visible_to(actor).order_by("name", "pk")
    return rows if actor.may(Permission.EVENTS) else rows.filter(pk__in=actor.groups_where(Permission.EVENTS))


def group_table(rows: QuerySet[Group]) -> Table:
    """As older systems had it, with what the import understands beside: read back it changes nothing."""
    return _groups("groups", GROUP_HEADINGS, rows)


def full_group_table(rows: QuerySet[Group]) -> Table:
    """With how a group is trusted, reviewed and fetched."""
    people = GroupMember.objects.filter(group=OuterRef("pk")).order_by().values("group")
    count = Coalesce(Subquery(people.annotate(count=Count("pk")).values("count")), 0)
    return _groups("groups-full", FULL_GROUP_HEADINGS, rows.annotate(people_of_group=count))


def _groups(name: str, headings: tuple[str, ...], rows: QuerySet[Group]) -> Table:
    zone = house_zone()
    rows = rows.annotate(category_slugs=_categories("groups", "slug"))
    paths = [_GROUP.get(heading, heading) for heading in headings]

    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*paths)):
            it = dict(zip(headings, row, strict=True))
            it["categories"] = _listed(it["categories"])
            for listed in ("suppress_urls", "skip_phrases"):
                it[listed] = json.dumps(it[listed], ensure_ascii=False) if it[listed] else None
            for moment in it.keys() & {"feed_fetched_at", "feed_good_at"}:
                it[moment] = local(it[moment], zone)
            yield tuple(it.values())

    return Table(name, headings, cells)


def register_exports() -> None:
    for name, label, make, rows_for in (
        ("events", _("Events"), table, events_for),
        ("events_full", _("Events, all fields"), full_table, events_for),
        ("groups", _("Groups"), group_table, groups_for),
        ("groups_full", _("Groups, all fields"), full_group_table, groups_for),
    ):
        register(of_rows(name, label, Permission.EVENTS, make, rows_for))
