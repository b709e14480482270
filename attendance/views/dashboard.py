"""The dashboard: which events there are, one event's page, and the parts of it that are read again as people come."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from attendance.dashboard import Board, board, devices_for, own_lines
from attendance.desk import may_search
from attendance.deskforms import MOST_PEOPLE, WalkInForm
from attendance.overview import overview
from attendance.settingspanel import form_for
from checkin_project.platform.access import Actor, Permission, request_actor
from events.models import Event

# A true answer to the page's script carries this header; all else claims nothing.
HEADER = "X-Dashboard"


@require_safe
def dashboards(request: HttpRequest) -> HttpResponse:
    """Today's events with their numbers, the next ones, and those that ended lately."""
    actor = request_actor(request)
    if not actor.may_somewhere(Permission.SCAN):
        raise PermissionDenied
    context = {"overview": overview(actor, at=timezone.now()), "may_add": actor.may_somewhere(Permission.EVENTS)}
    return render(request, "attendance/dashboards.html", context)


@require_safe
def parts(request: HttpRequest, code: str) -> HttpResponse:
    """What changes as people come, for the page's script. `?version=` asks for nothing older than a live message."""
    actor, event = request_actor(request), event_for(request, code)
    asked = request.GET.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 20 else 0
    found = board(event, at=timezone.now(), version=version)
    answer = HttpResponse(_rendered(found, event, actor))
    answer.headers[HEADER] = "parts"
    return answer


def _rendered(found: Board, event: Event, actor: Actor) -> str:
    """The parts as this actor may see them; made once for all who may see the same of the same board."""
    template, context = "attendance/_dashboard_parts.html", board_context(found, event, actor)
    if not context["may_search"]:
        return render_to_string(template, context)
    # Everybody with these rights sees the same: own scans are marked by the page's script.
    audience = (context["may_devices"], actor.may(Permission.DEVICES), get_language())
    if audience not in found.rendered:
        found.rendered[audience] = render_to_string(template, context)
    return found.rendered[audience]


def event_for(request: HttpRequest, code: str) -> Event:
    """The event of this code, for those who work at its doors. Raises Http404 for everybody else."""
    actor = request_actor(request)
    # Without a role people see published events, but no dashboards.
    events = Event.objects.visible_to(actor) if actor.is_staff else Event.objects.none()
    event = events.select_related("check_in_settings", "group").filter(code=code).first()
    if event is None:
        raise Http404
    return event


def board_context(found: Board, event: Event, actor: Actor) -> dict[str, Any]:
    """What the parts show to this actor."""
    searches = may_search(actor, event)
    return {
        "event": event,
        "board": found,
        "numbers": found.numbers,
        "lines": found.lines if searches else own_lines(event, actor, at=found.read_at),
        "devices": devices_for(actor, event, found),
        "may_search": searches,
        "may_devices": actor.may(Permission.DEVICES, event.group_id),
        "rules": event.check_in_settings,
    }


def page(
    request: HttpRequest, event: Event, *, part: str = "", context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The whole dashboard; `part` is the template that answers what was just done."""
    actor, at = request_actor(request), timezone.now()
    whole = board_context(board(event, at=at), event, actor) | {
        "part": part,
        "walk_in_form": WalkInForm(),
        "operation_id": uuid4(),
        "party_sizes": range(1, MOST_PEOPLE + 1),
        "user_id": actor.user_id,
        "may_manage": actor.may(Permission.EVENTS, event.group_id),
        "may_export": actor.may(Permission.REPORTS, event.group_id),
        "settings_form": form_for(event),
        "window": event.check_in_settings.window(event),
        "at": at,
    }
    return render(request, "attendance/dashboard.html", whole | (context or {}), status=status)


def answer(
    request: HttpRequest, event: Event, *, kind: str, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The part alone for the page's script, or the whole page with that part in it."""
    context = {"operation_id": uuid4(), "kind": kind, **context}
    if request.headers.get("X-Requested-With") == "dashboard":
        actor = request_actor(request)
        known = {"event": event, "may_search": may_search(actor, event), "rules": event.check_in_settings}
        response = render(request, part, known | context, status=status)
    else:
        response = page(request, event, part=part, context=context, status=status)
    response.headers[HEADER] = kind
    response.headers["Vary"] = "X-Requested-With"
    return response
