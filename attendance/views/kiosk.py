"""The kiosk: which event, checking in, searching a name, and the sign of life."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from attendance import kiosk, messages, references
from attendance.api import HTTP_STATUS
from attendance.attempt import Terms
from attendance.checkin import check_in
from attendance.devices import actor_of
from attendance.forms import CheckInForm
from attendance.models import Device, Method, Scan
from attendance.outcomes import CheckInResult, Outcome, Tone
from attendance.subjects import Subject, by_code, by_member
from attendance.views.kiosk_pairing import pairing_page
from attendance.views.screens import HEADER, answer, event_of, for_kiosk, kiosk_of, page_context
from checkin_project.platform.limits import allow
from events.models import CheckInSettings, Event

SEARCHES_PER_MINUTE = 30
CHECK_INS_PER_MINUTE = 120
# Seconds until the screen is free for the next person.
RESET_SECONDS = {Tone.WELCOME: 4, Tone.ATTENTION: 8, Tone.STOP: 8, Tone.UNDONE: 4}
RESET_SECONDS_TO_CHOOSE = 20


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a kiosk starts: pairing, the choice of event, waiting for one, or straight to the one that is open."""
    device = kiosk_of(request)
    if device is None:
        return pairing_page(request)
    ahead = kiosk.outlook(device, timezone.now())
    if len(ahead.open) == 1:
        # Not a redirect: that would cost every kiosk that starts here another round trip.
        return render(request, "attendance/kiosk.html", page_context(device, ahead.open[0], ahead))
    coming = None if ahead.open else kiosk.next_event(device, ahead.at)
    context = {
        "device": device,
        "ahead": ahead,
        "version": kiosk.home_version(device, ahead.open, coming),
        "coming": coming,
        "opens_at": kiosk.opens_at(coming) if coming else None,
    }
    return render(request, f"attendance/kiosk_{'choose' if ahead.open else 'wait'}.html", context)


@require_safe
@for_kiosk
def event_page(request: HttpRequest, device: Device, code: str) -> HttpResponse:
    """The check-in screen of one event, as long as its check-in is open."""
    event, ahead = event_of(device, code), kiosk.outlook(device, timezone.now())
    if event not in ahead.open:
        return redirect("attendance:kiosk")
    return render(request, "attendance/kiosk.html", page_context(device, event, ahead))


@require_POST
@for_kiosk
def check_in_page(request: HttpRequest, device: Device, code: str) -> HttpResponse:
    """One field for all: a V-number, a pass or a card is checked in, a name is searched, a chosen hit is checked in."""
    event = event_of(device, code)
    form = CheckInForm(request.POST)
    if not form.is_valid():
        return hits_answer(request, device, event, sentence=form.sentence, typed=request.POST.get("entry", ""))
    asked = form.cleaned_data
    if not asked["ref"] and kiosk.is_name(asked["entry"]):
        return name_answer(request, device, event, asked["entry"])
    if not allow(f"kiosk-check-in:{device.pk}", limit=CHECK_INS_PER_MINUTE, seconds=60):
        return too_fast(request, device, event, asked["entry"])
    try:
        subject = _subject(device, event, asked)
    except references.ReferenceRefused:
        return hits_answer(request, device, event, sentence=_("That choice is too old. Please type your name again."))
    terms = Terms(party_size=asked["party_size"])
    result = check_in(
        subject,
        code,
        by=actor_of(device),
        at=timezone.now(),
        operation_id=asked["operation_id"],
        door=Method.KIOSK,
        terms=terms,
    )
    if asked["ref"]:
        # Who was chosen from a list stays as masked as the list was: a stranger may be trying names.
        result = kiosk.masked(result, subject)
    return outcome_answer(request, device, event, result, asked["entry"])


def _subject(device: Device, event: Event, asked: dict[str, Any]) -> Subject:
    if not asked["ref"]:
        return by_code(asked["entry"])
    opened = references.unseal(asked["ref"], device_id=device.pk, event_code=event.code, at=timezone.now())
    # An attempt whose answer got lost is answered again, however long the way back took.
    if opened.is_expired and not Scan.objects.filter(operation_id=asked["operation_id"], device=device).exists():
        raise references.ReferenceRefused
    return by_member(opened.member_id)


@require_POST
@for_kiosk
def search(request: HttpRequest, device: Device, code: str) -> HttpResponse:
    """Names that begin as typed: at most eight, masked."""
    event = event_of(device, code)
    form = CheckInForm(request.POST)
    if not form.is_valid():
        return hits_answer(request, device, event, sentence=form.sentence, typed=request.POST.get("entry", ""))
    return name_answer(request, device, event, form.cleaned_data["entry"])


def name_answer(request: HttpRequest, device: Device, event: Event, query: str) -> HttpResponse:
    if not kiosk.is_long_enough(query):
        return hits_answer(request, device, event, sentence=_("Type at least three letters of your name."), typed=query)
    if not allow(f"kiosk-search:{device.pk}", limit=SEARCHES_PER_MINUTE, seconds=60):
        return too_fast(request, device, event, query)
    hits = kiosk.search(query, event, device, at=timezone.now())
    labels = [hit.label for hit in hits]
    context = {"hits": hits, "typed": query, "has_namesakes": len(set(labels)) < len(labels), "searched": True}
    return answer(request, device, event, kind="hits", context=context | {"may_register": may_register(event)})


def hits_answer(
    request: HttpRequest, device: Device, event: Event, *, sentence: str, typed: str = "", kind: str = "hits"
) -> HttpResponse:
    status = 429 if kind == "slow" else 400
    return answer(request, device, event, kind=kind, context={"sentence": sentence, "typed": typed}, status=status)


def too_fast(request: HttpRequest, device: Device, event: Event, typed: str) -> HttpResponse:
    sentence = _("This kiosk is being asked a lot right now. Please wait a minute, or use your V-number or pass.")
    return hits_answer(request, device, event, sentence=sentence, typed=typed, kind="slow")


def may_register(event: Event) -> bool:
    """At a kiosk nobody can be asked, so only events that add walk-ins take new people."""
    return event.check_in_settings.walk_ins == CheckInSettings.WalkIns.ADD


def outcome_answer(
    request: HttpRequest, device: Device, event: Event, result: CheckInResult, typed: str = ""
) -> HttpResponse:
    """The full field of colour for one result."""
    choices = kiosk.choice_hits(result.answer.choices, event, device, at=timezone.now())
    is_in = result.outcome is Outcome.CHECKED_IN
    unknown = result.outcome is Outcome.NOT_FOUND
    lines = messages.story_for(result.answer) if is_in else [messages.message_for(result, event.zone)]
    context = {
        "result": result,
        "tone": result.tone.value,
        "headline": messages.headline_for(result.outcome),
        "name": result.answer.name if is_in else "",
        "lines": lines,
        "choices": choices,
        "typed": typed,
        "may_register": unknown and may_register(event),
        "seconds": RESET_SECONDS_TO_CHOOSE if choices or unknown else RESET_SECONDS[result.tone],
    }
    response = answer(request, device, event, kind="outcome", context=context, status=HTTP_STATUS[result.outcome])
    response.headers["X-Outcome"] = result.outcome.value
    return response


@require_POST
@for_kiosk
def heartbeat(request: HttpRequest, device: Device) -> JsonResponse:
    """What is open now, for a screen that has been standing there: codes, each page's version, seconds to a change."""
    ahead = kiosk.outlook(device, timezone.now())
    coming = None if ahead.open else kiosk.next_event(device, ahead.at)
    news = {
        "events": {event.code: kiosk.version_of(event) for event in ahead.open},
        "home": kiosk.home_version(device, ahead.open, coming),
        "next_change_in": ahead.next_change_in,
        "at": ahead.at,
    }
    return JsonResponse(news, headers={HEADER: "alive"})
