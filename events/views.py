"""Pages about events."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from checkin_project.platform.access import Actor, request_actor
from events.calendar import by_day, is_on
from events.models import Event, ReviewStatus

UPCOMING_LIMIT = 100


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What comes next, for everybody; people who work at the doors see today's events above it."""
    now = timezone.now()
    actor = request_actor(request)
    todays = todays_events(actor, now) if actor.is_staff else []
    upcoming = list(
        Event.objects.published()
        .filter(ends_at__gte=now)
        .exclude(pk__in=[event.pk for event in todays])
        .select_related("group")
        .order_by("starts_at", "pk")[: UPCOMING_LIMIT + 1]
    )
    context = {
        "days": by_day(upcoming[:UPCOMING_LIMIT], now),
        "has_more": len(upcoming) > UPCOMING_LIMIT,
        "limit": UPCOMING_LIMIT,
        "is_staff": actor.is_staff,
        "todays_events": todays,
        "home_zone": settings.TIME_ZONE,
        "today": timezone.localdate(now),
        "tomorrow": timezone.localdate(now) + timedelta(days=1),
    }
    return render(request, "events/home.html", context)


def todays_events(actor: Actor, now: datetime) -> list[Event]:
    """The events the actor works at on this day, each in its own time zone; drafts too, so that nobody misses one."""
    around = Event.objects.visible_to(actor).filter(
        review_status=ReviewStatus.APPROVED,
        starts_at__lte=now + timedelta(days=2),
        ends_at__gte=now - timedelta(days=2),
    )
    found = around.select_related("group").order_by("starts_at", "pk")
    return [event for event in found if is_on(event, now)]
