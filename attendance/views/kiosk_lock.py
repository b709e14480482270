"""Behind the kiosk's corner button: the PIN, the event's numbers, another event, and the end of being a kiosk."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from attendance import devices, kiosk
from attendance.forms import PinForm
from attendance.live import snapshot
from attendance.models import Device
from attendance.views.screens import for_kiosk, forget_device
from checkin_project.platform.access import Permission, actor_for
from checkin_project.platform.limits import allow

UNLOCK_SALT = "attendance.kiosk.unlocked"
UNLOCK_SECONDS = 300
PIN_TRIES, PIN_SECONDS = 5, 300


@require_http_methods(["GET", "HEAD", "POST"])
@for_kiosk
def unlock(request: HttpRequest, device: Device) -> HttpResponse:
    """Ask for the PIN; staff who are signed in on this browser need none."""
    if _is_staff_of(request, device):
        return _unlocked(request, device)
    form = PinForm()
    if request.method == "POST":
        form = PinForm(request.POST)
        if not allow(f"kiosk-pin:{device.pk}", limit=PIN_TRIES, seconds=PIN_SECONDS):
            form.add_error("pin", _("Too many wrong PINs. Please wait five minutes."))
        elif form.is_valid():
            if devices.is_pin(device, form.cleaned_data["pin"]):
                return _unlocked(request, device)
            form.add_error("pin", _("This PIN is wrong."))
    context = {"device": device, "form": form, "has_pin": bool(device.pin_hash)}
    return render(request, "attendance/kiosk_locked.html", context, status=400 if form.errors else 200)


def _is_staff_of(request: HttpRequest, device: Device) -> bool:
    """Is somebody signed in on this browser who manages this very device?"""
    actor = actor_for(request.user)
    if not actor.may_somewhere(Permission.DEVICES):
        return False
    return Device.objects.visible_to(actor).filter(pk=device.pk).exists()


def _unlocked(request: HttpRequest, device: Device) -> HttpResponse:
    events = kiosk.open_events(device, timezone.now())
    context = {
        "device": device,
        "numbers": [(event, snapshot(event.pk)) for event in events],
        "proof": signing.dumps(device.pk, salt=UNLOCK_SALT),
    }
    return render(request, "attendance/kiosk_unlocked.html", context)


@require_POST
@for_kiosk
def unpair(request: HttpRequest, device: Device) -> HttpResponse:
    """This screen stops being a kiosk. Needs the proof that the unlocked page carries."""
    try:
        proof = signing.loads(request.POST.get("proof", ""), salt=UNLOCK_SALT, max_age=UNLOCK_SECONDS)
    except signing.BadSignature:
        proof = None
    if proof != device.pk:
        messages.warning(request, _("Nothing was changed: unlock this screen again, then unpair it."))
        return redirect("attendance:kiosk-unlock")
    devices.revoke(device, at=timezone.now())
    messages.success(request, _("This screen is no longer a kiosk."))
    response = redirect("attendance:kiosk")
    forget_device(response)
    return response
