"""Devices for staff: who stands at which door, pairing another one, and ending one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance import devices
from attendance.forms import PlaceForm
from attendance.models import Device, PairingCode
from checkin_project.platform import qr
from checkin_project.platform.access import Actor, Permission, request_actor

MOST_PAST = 20
# A kiosk gives a sign of life every thirty seconds.
ONLINE_FOR = timedelta(seconds=90)

P = ParamSpec("P")


def for_managers(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """The view of people who manage devices everywhere or in a group; 403 for others."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = request_actor(request)
        if not actor.may_somewhere(Permission.DEVICES):
            raise PermissionDenied
        return view(request, actor, *args, **kwargs)

    return guarded


@require_safe
@for_managers
def devices_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every device the reader manages, and the form that pairs another."""
    return _list(request, actor, PlaceForm(actor=actor, at=timezone.now()))


def _list(request: HttpRequest, actor: Actor, form: PlaceForm, status: int = 200) -> HttpResponse:
    at = timezone.now()
    found = Device.objects.visible_to(actor).select_related("event__check_in_settings", "group")
    live = list(found.live().order_by("name", "pk"))
    working = [device for device in live if devices.expires_at(device) >= at]
    expired = [device for device in live if devices.expires_at(device) < at]
    revoked = list(found.filter(revoked_at__isnull=False).order_by("-revoked_at")[:MOST_PAST])
    rows = [(device, device.last_seen_at is not None and at - device.last_seen_at < ONLINE_FOR) for device in working]
    context = {"form": form, "devices": rows, "past": [*revoked, *expired][:MOST_PAST], "at": at}
    return render(request, "attendance/devices.html", context, status=status)


@require_POST
@for_managers
def pair(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A new pairing code, shown once: as QR, as six characters, and with the time it has left."""
    form = PlaceForm(request.POST, actor=actor, at=timezone.now())
    if not form.is_valid():
        return _list(request, actor, form, status=400)
    offer, code = devices.offer_pairing(form.place, by_user_id=int(actor.user_id or 0), at=timezone.now())
    link = settings.SITE_URL + reverse("attendance:kiosk-pair-link", args=[code])
    context = {
        "offer": offer,
        "code": code,
        "qr": qr.drawing(link),
        "kiosk_address": settings.SITE_URL + reverse("attendance:kiosk"),
        "seconds": int(devices.PAIRING_LIFE.total_seconds()),
        "again": {name: request.POST.get(name, "") for name in form.fields},
    }
    return render(request, "attendance/device_code.html", context)


@require_safe
@for_managers
def pairing_state(request: HttpRequest, actor: Actor, pk: int) -> JsonResponse:
    """Has a screen used the code? Only whoever made the code may ask."""
    offer = get_object_or_404(PairingCode, pk=pk, created_by_id=actor.user_id)
    return JsonResponse({"used": offer.used_at is not None})


@require_http_methods(["GET", "HEAD", "POST"])
@for_managers
def revoke(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """GET asks, POST ends the device."""
    device = get_object_or_404(Device.objects.visible_to(actor).select_related("event", "group"), pk=pk)
    if request.method != "POST":
        return render(request, "attendance/device_revoke.html", {"device": device})
    devices.revoke(device, at=timezone.now())
    messages.success(request, _("“%(name)s” is revoked. It cannot check anybody in any more.") % {"name": device.name})
    return redirect("attendance:devices")
