"""Beside the dashboard, for those who organise the event: its settings, its end, its door list and its CSV."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from attendance import closing, doorlist, exports, paper, settingspanel
from attendance.paperform import PaperForm
from attendance.settingspanel import Saved, SettingsForm
from attendance.stats import counts
from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.exports import FORMATS, respond
from events.models import Event

# A true answer to the panel's script carries this header; all else claims nothing.
HEADER = "X-Settings"


def event_for(request: HttpRequest, code: str, needs: Permission) -> Event:
    """The event of this code. Raises Http404 where the reader sees none, PermissionDenied without the right."""
    actor = request_actor(request)
    events = Event.objects.visible_to(actor) if actor.is_staff else Event.objects.none()
    event = events.select_related("check_in_settings", "group").filter(code=code).first()
    if event is None:
        raise Http404
    if not actor.may(needs, event.group_id):
        raise PermissionDenied
    return event


# --- Settings -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def event_settings(request: HttpRequest, code: str) -> HttpResponse:
    """GET shows the settings, POST saves what was changed of them."""
    event = event_for(request, code, Permission.EVENTS)
    if request.method != "POST":
        return _panel(request, event, settingspanel.form_for(event), kind="shown")
    form = settingspanel.form_for(event, request.POST)
    if not form.is_valid():
        problem = _("Nothing was saved yet. Please look at the marked fields.")
        return _panel(request, event, form, kind="invalid", status=400, problem=problem)
    saved = settingspanel.save(event, form, by=request_actor(request), at=timezone.now())
    if saved.form is not None:
        problem = _("Nothing was saved yet: somebody else changed the same at this moment.")
        return _panel(request, event, saved.form, kind="clash", status=409, problem=problem)
    if not _is_script(request):
        messages.success(request, " ".join([_sentence(saved), *saved.meanwhile]))
        return redirect("attendance:dashboard-settings", code=event.code)
    event = event_for(request, code, Permission.EVENTS)
    return _panel(request, event, settingspanel.form_for(event), kind="saved", saved=saved, said=_sentence(saved))


def _sentence(saved: Saved) -> str:
    if not saved.changed:
        return _("Nothing was changed.")
    return _("Saved. Every door obeys from now on.")


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "settings"


def _panel(
    request: HttpRequest, event: Event, form: SettingsForm, *, kind: str, status: int = 200, **said: Any
) -> HttpResponse:
    """The part alone for its script, or the whole page."""
    template = "attendance/_settings_panel.html" if _is_script(request) else "attendance/event_settings.html"
    response = render(request, template, {"event": event, "settings_form": form, **said}, status=status)
    response.headers[HEADER] = kind
    response.headers["Vary"] = "X-Requested-With"
    return response


# --- Closing ------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, code: str) -> HttpResponse:
    """GET asks, with the numbers; POST closes, or with `act=reopen` takes the closing back."""
    event = event_for(request, code, Permission.EVENTS)
    if request.method != "POST":
        return _ask_to_close(request, event)
    act = _reopen if request.POST.get("act") == "reopen" else _close
    try:
        messages.success(request, act(request, event))
    except ValidationError as refusal:
        return _ask_to_close(request, event, status=409, problem=" ".join(refusal.messages))
    return redirect("attendance:dashboard", code=event.code)


def _close(request: HttpRequest, event: Event) -> str:
    closed = closing.close_event(event.code, by=request_actor(request), at=timezone.now())
    absent = ngettext(
        "%(count)d registered person did not come.", "%(count)d registered people did not come.", closed.no_shows
    )
    start = _("The event is closed.") if closed.is_new else _("The event was closed already.")
    return f"{start} {absent % {'count': closed.no_shows}}"


def _reopen(request: HttpRequest, event: Event) -> str:
    reopened = closing.reopen_event(event.code, by=request_actor(request), at=timezone.now())
    expected = ngettext(
        "%(count)d person is still expected.", "%(count)d people are still expected.", reopened.expected
    )
    start = _("The event is open again.") if reopened.is_new else _("The event was open already.")
    return f"{start} {expected % {'count': reopened.expected}}"


def _ask_to_close(request: HttpRequest, event: Event, *, status: int = 200, problem: str = "") -> HttpResponse:
    at, found = timezone.now(), counts(event.pk)
    is_closed = event.closed_at is not None and event.closed_at <= at
    context = {
        "event": event,
        "counts": found,
        "absent": found.expected - found.shown,
        "is_closed": is_closed,
        "problem": problem or ("" if is_closed else closing.problem_with_closing(event, at)),
    }
    return render(request, "attendance/event_close.html", context, status=status)


# --- Lists --------------------------------------------------------------------------------------


@require_safe
def door_list(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody expected, to print: for a door without power or network."""
    event = event_for(request, code, Permission.SEARCH)
    context = {"event": event, "list": doorlist.door_list(event), "at": timezone.now()}
    return render(request, "attendance/door_list.html", context)


@require_safe
def event_file(request: HttpRequest, code: str, form: str) -> StreamingHttpResponse:
    """Who came and who did not, as a file."""
    event = event_for(request, code, Permission.REPORTS)
    if form not in FORMATS:
        raise Http404
    return respond(exports.event_table(event), form, on=event.local_start.date())


@require_http_methods(["GET", "HEAD", "POST"])
def type_in(request: HttpRequest, code: str) -> HttpResponse:
    """A list of paper typed in: GET shows the field, POST reads it back, and with `act=save` records what was read."""
    event, at = event_for(request, code, Permission.SEARCH), timezone.now()
    form = PaperForm(request.POST if request.method == "POST" else None, event=event, at=at)
    if request.method != "POST":
        return _paper_page(request, event, form)
    if not form.is_valid():
        return _paper_page(request, event, form, status=400)
    if request.POST.get("act") != "save" or request.POST.get("seen") != form.fingerprint:
        return _paper_page(request, event, form, entries=form.entries)
    recorded = paper.record(event, form.entries, by=request_actor(request), at=at)
    done = sum(each.is_done for each in recorded)
    said = ngettext("%(count)d line is recorded.", "%(count)d lines are recorded.", done) % {"count": done}
    # What could not be done stays in the field, to be corrected and sent again.
    rest = "\n".join(each.entry.text for each in recorded if not each.is_done)
    again = PaperForm(None, event=event, at=at, initial={"text": rest, "otherwise": form.cleaned_data["otherwise"]})
    return _paper_page(request, event, again, recorded=recorded, said=said)


def _paper_page(request: HttpRequest, event: Event, form: PaperForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"event": event, "form": form, "most": paper.MOST_LINES, **more}
    return render(request, "attendance/paper.html", context, status=status)
