"""What the form offers while somebody types: the latest events, and the majors there are."""

from __future__ import annotations

from django.utils.formats import date_format

from attendance.databrowser.filters import events_of
from checkin_project.platform.access import Actor, Permission
from members.models import Member

MOST_EVENTS, MOST_MAJORS = 150, 300


def known_events(actor: Actor) -> list[str]:
    """The latest ones, each with its day and, at the end, the code by which it is found. One query."""
    events = events_of(actor).order_by("-starts_at", "-pk").only("name", "code", "starts_at", "timezone")
    return [f"{event.name} · {date_format(event.local_start.date())} · {event.code}" for event in events[:MOST_EVENTS]]


def known_majors(actor: Actor) -> list[str]:
    """Of the members this actor knows. One query."""
    members = Member.objects.whom(actor, Permission.REPORTS).exclude(major="")
    return list(members.order_by("major").values_list("major", flat=True).distinct()[:MOST_MAJORS])
