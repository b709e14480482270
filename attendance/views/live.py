"""The numbers of an event for screens whose socket does not work."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from attendance import live
from attendance.views.screens import device_of
from attendance.watching import right_to_watch
from checkin_project.platform.access import request_actor


@login_not_required
@require_safe
def poll(request: HttpRequest, code: str) -> JsonResponse:
    """The same message that a socket is sent, to the same people."""
    right = right_to_watch(code, request_actor(request), device_of(request))
    if right is None:
        raise Http404
    return JsonResponse(live.message_for(right.event, right.names), headers={"Cache-Control": "no-store"})
