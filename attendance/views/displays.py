"""An event's code on a screen, and its numbers alone for everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from attendance import displays, eventcodes, live
from attendance.displays import Screen
from checkin_project.platform.access import Permission, request_actor
from events.models import Event

# How often a page without a script looks again when nothing else tells it to, in seconds.
LOOK_AGAIN = 60

P = ParamSpec("P")


def for_door_people(
    view: Callable[Concatenate[HttpRequest, Event, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """The view of an event for those who check people in there; for others it is absent, 403 without any role."""

    @wraps(view)
    def guarded(request: HttpRequest, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = request_actor(request)
        if not actor.may_somewhere(Permission.SCAN):
            raise PermissionDenied
        event = displays.event_for(actor, code)
        if event is None:
            raise Http404
        return view(request, event, *args, **kwargs)

    return guarded


@require_safe
@for_door_people
def code_display(request: HttpRequest, event: Event) -> HttpResponse:
    """The full-screen code, or in words why there is none."""
    at = timezone.now()
    actor = request_actor(request)
    shown = displays.screen(event, at=at)
    context = {
        "event": event,
        "screen": shown,
        "seconds": _seconds(shown, at),
        "at": at,
        "numbers": live.message_for(event, actor_may_see_names=False),
        "may_withdraw": actor.may(Permission.UNDO_ANY, event.group_id),
        "may_change": actor.may(Permission.EVENTS, event.group_id),
    }
    return render(request, "attendance/code_display.html", context)


def _seconds(shown: Screen, at: datetime) -> dict[str, float | None]:
    """How long until the code is renewed, until it expires, until time alone changes the page. None: never."""
    moments = {
        "renews": shown.code.renews_at if shown.code else None,
        "expires": shown.code.expires_at if shown.code else None,
        "changes": shown.changes_at,
    }
    left = {name: max(0.0, (moment - at).total_seconds()) if moment else None for name, moment in moments.items()}
    soonest = min((seconds for seconds in left.values() if seconds is not None), default=LOOK_AGAIN)
    return {**left, "again": min(LOOK_AGAIN, int(soonest) + 1)}


@require_safe
@for_door_people
def code_now(request: HttpRequest, event: Event) -> JsonResponse:
    """What the screen shows now, for its script. Times are seconds from now, so that its clock does not matter."""
    at = timezone.now()
    shown = displays.screen(event, at=at)
    seconds = _seconds(shown, at)
    answer: dict[str, Any] = {
        "state": shown.showing,
        "version": shown.version,
        "changes_in": seconds["changes"],
    }
    if shown.code and shown.qr:
        answer |= {
            "url": shown.code.url,
            "qr": {"size": shown.qr.size, "path": shown.qr.path},
            "kind": shown.code.kind,
            "renews_in": seconds["renews"],
            "expires_in": seconds["expires"],
        }
    return JsonResponse(answer)


@require_http_methods(["GET", "HEAD", "POST"])
@for_door_people
def withdraw(request: HttpRequest, event: Event) -> HttpResponse:
    """GET asks, POST ends every code of the event that was shown or printed so far."""
    actor = request_actor(request)
    if not actor.may(Permission.UNDO_ANY, event.group_id):
        raise PermissionDenied
    if request.method != "POST":
        return render(request, "attendance/code_withdraw.html", {"event": event})
    eventcodes.withdraw(event, by=actor, at=timezone.now())
    messages.success(request, _("Withdrawn. Every earlier code of this event has stopped working."))
    return redirect("attendance:code-display", event.code)


@login_not_required
@require_safe
def screen(request: HttpRequest, code: str) -> HttpResponse:
    """Numbers only, for a wall or a phone. Of published events, for everybody."""
    event = get_object_or_404(Event.objects.published().select_related("group"), code=code)
    context = {
        "event": event,
        "numbers": live.message_for(event, actor_may_see_names=False),
        "again": LOOK_AGAIN,
    }
    return render(request, "attendance/screen.html", context)
