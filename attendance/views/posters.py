"""Event codes on paper: one event's poster, or several to choose from, one event to a page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from attendance import displays
from attendance.views.displays import for_door_people
from checkin_project.platform.access import Permission, request_actor
from events.models import Event


@require_safe
@for_door_people
def code_print(request: HttpRequest, event: Event) -> HttpResponse:
    """One event's poster, or in words why there is none."""
    return _sheets(request, [event])


@require_safe
def codes_print(request: HttpRequest) -> HttpResponse:
    """A choice of coming events; with `?event=CODE&event=CODE` (public codes, no secrets) their posters."""
    actor, at = request_actor(request), timezone.now()
    if not actor.may_somewhere(Permission.SCAN):
        raise PermissionDenied
    codes = set(request.GET.getlist("event"))
    chosen = displays.events_for(actor, codes)
    if chosen:
        return _sheets(request, chosen, is_cut=len(codes) > displays.MOST_POSTERS)
    posters = [displays.poster_terms(event, at=at) for event in displays.coming_events(actor, at=at)]
    context = {
        "posters": posters,
        "has_printable": any(poster.problem is None for poster in posters),
        "is_empty_choice": "print" in request.GET,
    }
    return render(request, "attendance/codes_print.html", context)


def _sheets(request: HttpRequest, chosen: list[Event], *, is_cut: bool = False) -> HttpResponse:
    at, actor = timezone.now(), request_actor(request)
    posters = [displays.poster(event, at=at) for event in chosen]
    printable = [poster for poster in posters if poster.problem is None]
    context = {
        "printable": printable,
        "is_cut": is_cut,
        "most": displays.MOST_POSTERS,
        "others": [poster for poster in posters if poster.problem is not None],
        "title_event": chosen[0] if len(chosen) == 1 else None,
        "may_change": {event.pk for event in chosen if actor.may(Permission.EVENTS, event.group_id)},
    }
    return render(request, "attendance/code_print.html", context)
