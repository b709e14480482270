"""Somebody new at the kiosk: a short form that first asks whether they are on record already."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from attendance import kiosk
from attendance.devices import actor_of
from attendance.forms import NewcomerForm
from attendance.models import Device, Method
from attendance.newcomers import admit
from attendance.views.kiosk import hits_answer, may_register, outcome_answer, too_fast
from attendance.views.screens import answer, event_of, for_kiosk
from checkin_project.platform.limits import allow
from events.models import Event

REGISTRATIONS_PER_MINUTE = 20


@require_POST
@for_kiosk
def register(request: HttpRequest, device: Device, code: str) -> HttpResponse:
    """The form (step "start"), the question "Is this you?", and the check-in of somebody new (step "new")."""
    event = event_of(device, code)
    if not may_register(event):
        return hits_answer(request, device, event, sentence=_("Only people on the list can check in. Ask at the desk."))
    step = request.POST.get("step", "start")
    if step == "start":
        return _form_answer(request, device, event, NewcomerForm(initial=NewcomerForm.from_typed(request.POST)))
    form = NewcomerForm(request.POST)
    if not form.is_valid():
        return _form_answer(request, device, event, form, status=400)
    if not allow(f"kiosk-register:{device.pk}", limit=REGISTRATIONS_PER_MINUTE, seconds=60):
        return too_fast(request, device, event, "")
    if step != "new":
        likely = kiosk.likely_hits(form.details, event, device, at=timezone.now())
        if likely:
            return _form_answer(request, device, event, form, likely=likely)
    return _admit(request, device, event, form)


def _admit(request: HttpRequest, device: Device, event: Event, form: NewcomerForm) -> HttpResponse:
    try:
        result = admit(
            form.details,
            event.code,
            by=actor_of(device),
            at=timezone.now(),
            operation_id=form.cleaned_data["operation_id"],
            door=Method.KIOSK,
        )
    except ValidationError as problem:
        form.add_error(None, problem)
        return _form_answer(request, device, event, form, status=400)
    return outcome_answer(request, device, event, result)


def _form_answer(
    request: HttpRequest,
    device: Device,
    event: Event,
    form: NewcomerForm,
    *,
    likely: list[kiosk.Hit] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "likely": likely or [], "known_number": form.known_number}
    return answer(request, device, event, kind="form", context=context, status=status)
