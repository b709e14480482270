"""How a screen becomes a kiosk: by one click of staff, by six characters, or by the link in a QR code."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from attendance import devices
from attendance.forms import PairingCodeForm, PlaceForm, tidy_pairing_code
from attendance.models import Device
from attendance.views.screens import device_of, remember_device
from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.limits import allow
from checkin_project.platform.requests import client_address

# A campus shares one address, so it may fail often; all addresses together cannot try a share of 27^6 that matters.
TRIES_PER_ADDRESS, TRIES_OF_ALL, TRIES_SECONDS = 60, 600, 300


def pairing_page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """What a browser sees that is not a kiosk yet. `forms` replace empty ones: `form` and `code_form`."""
    actor = request_actor(request)
    context: dict[str, Any] = {
        "code_form": PairingCodeForm(),
        "may_pair": actor.may_somewhere(Permission.DEVICES),
        "was_paired": settings.DEVICE_COOKIE_NAME in request.COOKIES and device_of(request) is None,
    }
    if context["may_pair"]:
        context["form"] = PlaceForm(actor=actor, at=timezone.now())
    return render(request, "attendance/kiosk_pair.html", context | forms, status=status)


@require_POST
def pair_here(request: HttpRequest) -> HttpResponse:
    """A signed-in organiser makes this very screen a kiosk and is signed out of it."""
    actor = request_actor(request)
    if not actor.may_somewhere(Permission.DEVICES):
        raise PermissionDenied
    form = PlaceForm(request.POST, actor=actor, at=timezone.now())
    if not form.is_valid():
        return pairing_page(request, status=400, form=form)
    _device, token = devices.pair_here(
        form.place, by_user_id=actor.user_id, at=timezone.now(), user_agent=request.headers.get("User-Agent", "")
    )
    return _become_kiosk(request, token)


@login_not_required
@require_POST
def pair_by_code(request: HttpRequest) -> HttpResponse:
    """Six characters typed by hand."""
    form = PairingCodeForm(request.POST)
    if not form.is_valid():
        return pairing_page(request, status=400, code_form=form)
    try:
        token = _pair(request, form.cleaned_data["code"])
    except ValidationError as problem:
        form.add_error("code", problem)
        return pairing_page(request, status=400, code_form=form)
    return _become_kiosk(request, token)


@login_not_required
def pair_by_link(request: HttpRequest, code: str) -> HttpResponse:
    """The link of a QR code: GET asks, so that a link preview uses nothing up; POST pairs."""
    code = tidy_pairing_code(code)
    if len(code) != devices.PAIRING_LENGTH:
        raise Http404
    if request.method == "POST":
        try:
            return _become_kiosk(request, _pair(request, code))
        except ValidationError as problem:
            form = PairingCodeForm({"code": code})
            form.is_valid()
            form.add_error("code", problem)
            return pairing_page(request, status=400, code_form=form)
    return _confirm(request, code)


@require_safe
def _confirm(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "attendance/kiosk_pair_confirm.html", {"code": code})


def _pair(request: HttpRequest, code: str) -> str:
    """The new device's token. Raises ValidationError with a sentence for people."""
    address = client_address(request)
    within = allow(f"pair:{address}", limit=TRIES_PER_ADDRESS, seconds=TRIES_SECONDS)
    if not (within and allow("pair", limit=TRIES_OF_ALL, seconds=TRIES_SECONDS)):
        raise ValidationError(_("Too many codes were tried. Please wait five minutes and ask for a new one."))
    try:
        _device, token = devices.pair(code, at=timezone.now(), user_agent=request.headers.get("User-Agent", ""))
    except devices.PairingFailed as problem:
        raise ValidationError(str(problem)) from None
    return token


def _become_kiosk(request: HttpRequest, token: str) -> HttpResponse:
    """Hand the browser its token. A public screen keeps neither the organiser's session nor an earlier device."""
    before = device_of(request)
    if before is not None:
        devices.revoke(before, at=timezone.now())
    was_signed_in = request.user.is_authenticated
    if was_signed_in:
        logout(request)
    new = devices.device_for_token(token, at=timezone.now())
    response = redirect("attendance:kiosk" if new and new.kind == Device.Kind.KIOSK else "home")
    remember_device(response, token)
    sentence = _("This screen is a kiosk now.")
    if was_signed_in:
        sentence = _("This screen is a kiosk now, and you are signed out of this browser.")
    messages.success(request, sentence)
    return response
