"""What the admin's start page tells: today's events, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import ngettext

from attendance.models import Device, Scan
from attendance.tallies import with_tallies
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports.runs import ExportRun
from events.calendar import is_on
from events.models import Event, Group, ReviewStatus
from members.models import Member

SILENT_AFTER = timedelta(minutes=10)
MOST_EVENTS = 50
# Wide enough for every zone's idea of today.
AROUND = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class TodaysEvent:
    """`event` carries its heads, see `attendance.tallies`. Addresses are empty where there is no page."""

    event: Event
    url: str
    kiosk_url: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that needs attention: how many, of what, and where to see to it."""

    count: int
    label: str
    url: str


def todays_events(actor: Actor, *, at: datetime) -> list[TodaysEvent]:
    """Visible events whose days, in their own zones, include the present one; earliest first. One query."""
    near = Event.objects.visible_to(actor).filter(
        starts_at__lt=at + AROUND,
        ends_at__gt=at - AROUND,
        review_status=ReviewStatus.APPROVED,
        duplicate_of__isnull=True,
    )
    near = near.exclude(stored_status=Event.Stored.DRAFT).select_related("group").order_by("starts_at", "pk")
    today = [event for event in with_tallies(near) if is_on(event, at)]
    return [
        TodaysEvent(event, reverse("admin:events_event_change", args=[event.pk]), _kiosk_url())
        for event in today[:MOST_EVENTS]
    ]


def _kiosk_url() -> str:
    try:
        return reverse("attendance:kiosk")
    except NoReverseMatch:
        return ""


def needs_attention(actor: Actor, *, at: datetime) -> list[Waiting]:
    """What waits for somebody with this actor's roles; empty when all is well. One query per line."""
    events, groups = Event.objects.all(), Group.objects.all()
    may_devices, may_members = actor.may_somewhere(Permission.DEVICES), actor.may(Permission.MEMBERS)
    pending = {"review_status": ReviewStatus.PENDING}
    counts = {
        "events": _in_groups(events.filter(**pending), actor, Permission.EVENTS, "group_id"),
        "groups": _in_groups(groups.filter(**pending), actor, Permission.EVENTS, "pk"),
        "conflicts": _in_groups(open_conflicts(Scan.objects.all()), actor, Permission.UNDO_ANY, "event__group_id"),
        "devices": silent_devices(Device.objects.visible_to(actor), at=at).count() if may_devices else 0,
        "feeds": _in_groups(groups.filter(active=True, feed_failures__gt=0), actor, Permission.EVENTS, "pk"),
        "people": Member.objects.filter(status=Member.Status.PROVISIONAL).count() if may_members else 0,
        "exports": ExportRun.objects.visible_to(actor).filter(state__in=ExportRun.UNSTORED).count(),
    }
    return [Waiting(count, _label(what, count), _address(what)) for what, count in counts.items() if count]


def _label(what: str, count: int) -> str:
    return {
        "events": ngettext("event to approve or reject", "events to approve or reject", count),
        "groups": ngettext("group to approve or reject", "groups to approve or reject", count),
        "conflicts": ngettext("offline scan that broke a rule", "offline scans that broke a rule", count),
        "devices": ngettext("device silent while its event is open", "devices silent while their event is open", count),
        "feeds": ngettext("feed that fails", "feeds that fail", count),
        "people": ngettext("provisional person to look at", "provisional people to look at", count),
        "exports": ngettext("export that could not be stored", "exports that could not be stored", count),
    }[what]


def _address(what: str) -> str:
    if what == "exports":
        return reverse("exports")
    name, query = {
        "events": ("events_event", "review_status__exact=pending"),
        "groups": ("events_group", "review_status__exact=pending"),
        "conflicts": ("attendance_scan", "conflict=open"),
        "devices": ("attendance_device", "seen=silent"),
        "feeds": ("events_group", "feed=failing"),
        "people": ("members_member", "status__exact=provisional"),
    }[what]
    return f"{reverse(f'admin:{name}_changelist')}?{query}"


def _in_groups(rows: QuerySet[Any], actor: Actor, needs: Permission, path: str) -> int:
    if actor.may(needs):
        return rows.count()
    groups = actor.groups_where(needs)
    return rows.filter(**{f"{path}__in": groups}).count() if groups else 0


def open_conflicts(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Flagged offline scans that nobody has decided about."""
    return scans.exclude(flag="").filter(resolution="")


def silent_devices(devices: QuerySet[Device], *, at: datetime) -> QuerySet[Device]:
    """Paired devices that said nothing for ten minutes although check-in to their event (or to any) is open."""
    open_now = list(Event.objects.open_for_check_in(at).values_list("pk", flat=True))
    if not open_now:
        return devices.none()
    quiet = devices.filter(revoked_at__isnull=True).filter(
        Q(last_seen_at__lt=at - SILENT_AFTER) | Q(last_seen_at__isnull=True, paired_at__lt=at - SILENT_AFTER)
    )
    return quiet.filter(Q(event__in=open_now) | Q(event__isnull=True))
