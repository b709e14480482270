"""The desk on the dashboard: checking in and out by hand, walk-ins, and taking back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from attendance import dashboard as boards
from attendance import desk, kiosk, messages, references
from attendance.api import HTTP_STATUS
from attendance.attempt import Terms
from attendance.checkin import check_in, check_out, undo
from attendance.deskforms import DeskForm, WalkInForm
from attendance.models import Method, Scan
from attendance.outcomes import OVERRIDABLE, CheckInResult, Outcome
from attendance.subjects import By, Subject, by_code, by_guest_name
from attendance.views.dashboard import answer, event_for, page
from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.limits import allow
from events.models import CheckInSettings, Event

SEARCHES_PER_MINUTE = 120
OUTCOME, HITS = "attendance/_dashboard_outcome.html", "attendance/_dashboard_hits.html"
SENTENCE, LIKELY = "attendance/_dashboard_sentence.html", "attendance/_dashboard_likely.html"

Asked = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
def dashboard(request: HttpRequest, code: str) -> HttpResponse:
    """GET shows the event, POST does one act of the desk (`act`)."""
    event = event_for(request, code)
    if request.method != "POST":
        return page(request, event)
    act = request.POST.get("act", "")
    if act not in ACTS:
        return sentence(request, event, _("Choose what to do."))
    form = DeskForm(request.POST)
    # The walk-in's own form says what is wrong with it beside its fields.
    if not form.is_valid() and act != "walk_in":
        return sentence(request, event, form.sentence, typed=request.POST.get("entry", ""))
    return ACTS[act](request, event, form)


def _move(request: HttpRequest, event: Event, form: DeskForm) -> HttpResponse:
    """Check in or out: a chosen person, or what was typed or scanned; a name is searched."""
    asked = form.cleaned_data
    if not asked["ref"] and not asked["guest"]:
        if not asked["entry"]:
            return sentence(request, event, _("Type a V-number, scan a pass, or choose somebody."))
        if kiosk.is_name(asked["entry"]):
            return _search(request, event, form)
    try:
        subject = _subject(request, event, asked)
    except ValidationError as problem:
        return sentence(request, event, " ".join(problem.messages))
    except references.ReferenceRefused:
        return sentence(request, event, _("That choice is too old. Please search again."))
    return _perform(request, event, form, subject)


def _subject(request: HttpRequest, event: Event, asked: Asked) -> Subject:
    if asked["ref"]:
        return desk.subject_of(
            asked["ref"],
            event,
            request_actor(request),
            operation_id=asked["operation_id"],
            at=timezone.now(),
        )
    return by_guest_name(asked["guest"]) if asked["guest"] else by_code(asked["entry"])


def _perform(request: HttpRequest, event: Event, form: DeskForm, subject: Subject) -> HttpResponse:
    """The act through the rule, and its answer. Without a reason nothing is set aside, and one is asked for again."""
    actor, asked = request_actor(request), form.cleaned_data
    reason = asked["reason"] if asked["override"] and actor.may(Permission.OVERRIDE, event.group_id) else ""
    terms = Terms(asked["party_size"], walk_in_confirmed=asked["confirmed"], override_reason=reason)
    perform = check_out if asked["act"] == "check_out" else check_in
    result = perform(
        subject,
        event.code,
        by=actor,
        at=timezone.now(),
        operation_id=asked["operation_id"],
        door=Method.STAFF,
        terms=terms,
    )
    boards.forget(event.pk)
    again = {"party_size": asked["party_size"], "lacks_reason": bool(asked["override"]) and not reason}
    return outcome(request, event, result, subject, lines=_told(result, event), **again)


def outcome(
    request: HttpRequest, event: Event, result: CheckInResult, subject: Subject, *, lines: list[str], **asked: Any
) -> HttpResponse:
    """One result in words and colour, with what can be done next. `asked` is what the next form repeats."""
    actor, at = request_actor(request), timezone.now()
    asks = event.check_in_settings.walk_ins == CheckInSettings.WalkIns.ASK
    may_confirm = result.outcome is Outcome.NOT_REGISTERED and asks
    may_override = result.outcome in OVERRIDABLE and actor.may(Permission.OVERRIDE, event.group_id)
    context = {
        "result": result,
        "headline": messages.headline_for(result.outcome),
        "lines": lines,
        "hits": desk.choices(result, event, actor, at=at),
        "ref": desk.reference_of(subject, event, actor, at=at) if result.outcome in OVERRIDABLE else "",
        "guest": subject.guest_name,
        "may_confirm": may_confirm,
        # Where a word suffices, nothing has to be set aside.
        "may_override": may_override and not may_confirm,
        "is_namesake": result.outcome is Outcome.ALREADY_IN and subject.by is By.GUEST,
        "may_take_back": result.outcome in (Outcome.CHECKED_IN, Outcome.CHECKED_OUT),
    }
    status = HTTP_STATUS[result.outcome]
    response = answer(request, event, kind="outcome", part=OUTCOME, context=context | asked, status=status)
    response.headers["X-Outcome"] = result.outcome.value
    return response


def _told(result: CheckInResult, event: Event) -> list[str]:
    """The story of who came in; what happened to everybody else."""
    if result.outcome is Outcome.CHECKED_IN:
        return messages.story_for(result.answer)
    return [messages.message_for(result, event.zone)]


def _search(request: HttpRequest, event: Event, form: DeskForm) -> HttpResponse:
    """Names that begin as typed, for those who may search."""
    actor, typed = request_actor(request), form.cleaned_data["entry"]
    if not desk.may_search(actor, event):
        words = _("Scan the pass or type the V-number: only a supervisor can search by name.")
        return sentence(request, event, words, typed=typed, status=403)
    if not kiosk.is_long_enough(typed):
        return sentence(request, event, _("Type at least three letters of a name."), typed=typed)
    if not allow(f"desk-search:{actor.user_id}", limit=SEARCHES_PER_MINUTE, seconds=60):
        words = _("That was a lot of searching. Please wait a minute, or use the V-number.")
        return sentence(request, event, words, typed=typed, status=429)
    hits = desk.search(typed, event, actor, at=timezone.now())
    context = {"hits": hits, "typed": typed, "party_size": form.cleaned_data["party_size"]}
    return answer(request, event, kind="hits", part=HITS, context=context)


def _walk_in(request: HttpRequest, event: Event, form: DeskForm) -> HttpResponse:
    """A guest by name, after a look at whoever they might be."""
    if form.is_valid() and form.cleaned_data["ref"]:
        # One of the people that the form asked about.
        return _move(request, event, form)
    walk_in = WalkInForm(request.POST)
    if not walk_in.is_valid():
        return likely(request, event, walk_in, [], status=400)
    asked, actor = walk_in.cleaned_data, request_actor(request)
    hits = [] if asked["anyway"] else _likely_hits(request, event, asked["guest"])
    if hits:
        return likely(request, event, walk_in, hits)
    result = check_in(
        by_guest_name(asked["guest"]),
        event.code,
        by=actor,
        at=timezone.now(),
        operation_id=asked["operation_id"],
        door=Method.STAFF,
        terms=Terms(asked["party_size"]),
    )
    boards.forget(event.pk)
    lines, heads = _told(result, event), asked["party_size"]
    return outcome(request, event, result, by_guest_name(asked["guest"]), lines=lines, party_size=heads)


def _likely(request: HttpRequest, event: Event, form: DeskForm) -> HttpResponse:
    """The warning while a name is being typed: nothing is asked and nothing done."""
    hits = _likely_hits(request, event, form.cleaned_data["guest"])
    return answer(request, event, kind="likely", part=LIKELY, context={"hits": hits})


def _likely_hits(request: HttpRequest, event: Event, name: str) -> list[desk.Hit]:
    actor = request_actor(request)
    if not allow(f"desk-likely:{actor.user_id}", limit=SEARCHES_PER_MINUTE, seconds=60):
        return []
    return desk.likely(name, event, actor, at=timezone.now())


def likely(
    request: HttpRequest, event: Event, form: WalkInForm, hits: list[desk.Hit], *, status: int = 200
) -> HttpResponse:
    """The walk-in form again, as typed, with the question or with what is wrong."""
    context = {"walk_in_form": form, "hits": hits, "asks_anyway": bool(hits), "operation_id": uuid4()}
    part = "attendance/_dashboard_walk_in.html"
    return answer(request, event, kind="walk_in", part=part, context=context, status=status)


def _take_back(request: HttpRequest, event: Event, form: DeskForm) -> HttpResponse:
    """Undo one operation, or without naming one the actor's own last."""
    actor, at = request_actor(request), timezone.now()
    undoes = form.cleaned_data["undoes"] or boards.last_own_operation(event, actor, at=at)
    if undoes is None:
        return sentence(request, event, _("Of the last ten minutes there is nothing of yours to take back."))
    operation_id = form.cleaned_data["operation_id"]
    try:
        result = undo(None, event.code, by=actor, at=at, operation_id=operation_id, door=Method.STAFF, undoes=undoes)
    except PermissionDenied as refusal:
        return sentence(request, event, str(refusal), status=403)
    boards.forget(event.pk)
    lines = _told(result, event)
    exits = Scan.objects.filter(operation_id=undoes, event=event, kind=Scan.Kind.EXIT)
    if result.outcome is Outcome.UNDONE and exits.exists():
        lines = [_("The check-out of %(name)s was taken back.") % {"name": result.answer.name}]
    return outcome(request, event, result, Subject(By.NOBODY), lines=lines)


def sentence(request: HttpRequest, event: Event, words: str, *, typed: str = "", status: int = 400) -> HttpResponse:
    return answer(
        request, event, kind="sentence", part=SENTENCE, context={"sentence": words, "typed": typed}, status=status
    )


ACTS: dict[str, Callable[[HttpRequest, Event, DeskForm], HttpResponse]] = {
    "check_in": _move,
    "check_out": _move,
    "search": _search,
    "walk_in": _walk_in,
    "likely": _likely,
    "undo": _take_back,
}
