"""What every kiosk page shares: which device this browser is, and answers as a whole page or as a script's part.

A true answer of a kiosk carries the header X-Kiosk; a page's script believes nothing that lacks it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from attendance import devices, kiosk
from attendance.models import Device
from events.models import Event

COOKIE_AGE = 365 * 24 * 3600
HEADER = "X-Kiosk"
# Kinds of answers and the part each one puts on the screen.
PARTS = {
    "outcome": "attendance/_kiosk_outcome.html",
    "hits": "attendance/_kiosk_hits.html",
    "form": "attendance/_kiosk_register.html",
    "slow": "attendance/_kiosk_hits.html",
}

P = ParamSpec("P")


def device_of(request: HttpRequest) -> Device | None:
    """The live device that this browser's cookie stands for, looked up once per request."""
    if not hasattr(request, "_device"):
        token = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        request._device = devices.device_for_token(token, at=timezone.now()) if token else None  # type: ignore[attr-defined]
    return request._device  # type: ignore[attr-defined,no-any-return]


def kiosk_of(request: HttpRequest) -> Device | None:
    device = device_of(request)
    return device if device is not None and device.kind == Device.Kind.KIOSK else None


def for_kiosk(view: Callable[Concatenate[HttpRequest, Device, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view of a paired kiosk; every other browser is told that it is none. Only a POST notes the kiosk as seen."""

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        device = kiosk_of(request)
        if device is None:
            return unpaired(request)
        request._actor = devices.actor_of(device)  # type: ignore[attr-defined]
        if request.method == "POST":
            devices.note_seen(device, at=timezone.now())
        return view(request, device, *args, **kwargs)

    return guarded


def unpaired(request: HttpRequest) -> HttpResponse:
    return screen(request, "attendance/kiosk_gone.html", {}, kind="unpaired", status=403)


def screen(
    request: HttpRequest, template: str, context: dict[str, Any], *, kind: str, status: int = 200
) -> HttpResponse:
    """A rendered template that a page's script accepts as a true answer of this kind."""
    response = render(request, template, context, status=status)
    response.headers[HEADER] = kind
    response.headers["Vary"] = "X-Requested-With"
    return response


def event_of(device: Device, code: str) -> Event:
    """The device's event of this code. Raises Http404."""
    event = kiosk.events_around(device, timezone.now()).filter(code=code).first()
    if event is None:
        raise Http404
    return event


def remember_device(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        token,
        max_age=COOKIE_AGE,
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",
    )


def forget_device(response: HttpResponse) -> None:
    # As it was set: browsers let a __Host- cookie be deleted only by a Secure one.
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME, "", max_age=0, secure=settings.SECURE_COOKIES, httponly=True, samesite="Lax"
    )


def answer(
    request: HttpRequest, device: Device, event: Event, *, kind: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The part alone for the page's script, or the whole page with that part in it."""
    context = {"event": event, "device": device, "operation_id": uuid4(), "kind": kind, **context}
    if request.headers.get("X-Requested-With") == "kiosk":
        return screen(request, PARTS[kind], context, kind=kind, status=status)
    ahead = kiosk.outlook(device, timezone.now())
    context |= page_context(device, event, ahead) | {"part": PARTS[kind]}
    return screen(request, "attendance/kiosk.html", context, kind=kind, status=status)


def page_context(device: Device, event: Event, ahead: kiosk.Outlook) -> dict[str, Any]:
    """What a whole kiosk page needs beside its part."""
    return {
        "event": event,
        "device": device,
        "operation_id": uuid4(),
        "ahead": ahead,
        "has_other_events": any(each.pk != event.pk for each in ahead.open),
        "version": kiosk.version_of(event),
        "party_sizes": range(2, 11),
    }
