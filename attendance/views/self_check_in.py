"""Self check-in: what an event code opens on the attendee's own phone."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from attendance import codesessions, eventcodes, patience, selfcheckin
from attendance.codesessions import Session
from attendance.models import Attendance
from attendance.openness import openness
from attendance.outcomes import Outcome
from attendance.selfform import SelfForm
from attendance.subjects import Subject
from attendance.views.self_screens import Visit, forget_person, remember_person, remembered_by
from checkin_project.platform.requests import client_address

METHODS = ["GET", "HEAD", "POST"]


@login_not_required
@require_http_methods(METHODS)
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the code, which changes nothing, and checking in by it."""
    visit = _visit(request, token)
    if request.method == "POST":
        return _check_in(visit)
    if visit.reading.problem is not None:
        return visit.code_page(visit.reading.problem)
    stands = openness(visit.event, at=visit.at)
    if stands.problem is not None:
        return visit.closed_page(stands.problem, stands)
    return visit.opened().form_page(SelfForm())


@login_not_required
@require_http_methods(METHODS)
def forget(request: HttpRequest, token: str) -> HttpResponse:
    """“That's not me”: this phone remembers nobody any more. The form goes on, with its session."""
    if request.method != "POST":
        return redirect("attendance:self", token)
    visit = _visit(request, token, forgets=True)
    problem = selfcheckin.problem_with(visit.reading, codesessions.find(visit.session), at=visit.at)
    response = visit.code_page(problem) if problem else visit.form_page(SelfForm())
    forget_person(response)
    return response


def _visit(request: HttpRequest, token: str, *, forgets: bool = False) -> Visit:
    at = timezone.now()
    remembered = None if forgets else remembered_by(request)
    return Visit(request, token, eventcodes.read(token, at=at), remembered, at, request.POST.get("session", ""))


def _check_in(visit: Visit) -> HttpResponse:
    session = codesessions.find(visit.session)
    form = SelfForm(visit.request.POST, remembered=visit.remembered)
    subject = form.subject if form.is_valid() else None
    problem = selfcheckin.problem_with(visit.reading, session, at=visit.at)
    if problem and (subject is None or visit.reading.event is None):
        return visit.code_page(problem)
    if subject is None:
        return visit.form_page(form, status=400)
    limits = _limits(visit, session)
    if limits.is_over():
        sentence = _("This phone has tried very often. Wait a minute, then press the button again.")
        return _too_fast(visit, form, sentence, patience.ATTEMPTS_SECONDS)
    if limits.is_over_for_numbers(subject):
        sentence = _("Too many wrong numbers were tried here. Type your name instead, or ask the staff.")
        return _too_fast(visit, form, sentence, patience.MISSES_SECONDS)
    return _attempt(visit, form, subject, session, limits)


def _attempt(
    visit: Visit, form: SelfForm, subject: Subject, session: Session | None, limits: patience.Patience
) -> HttpResponse:
    done = selfcheckin.check_in_self(
        subject, visit.reading, session, at=visit.at, operation_id=form.operation_id(subject)
    )
    limits.note(subject, done.result.outcome)
    if done.problem is not None:
        # Whether anybody has the number that was typed is nobody's business who comes by an old code.
        return visit.code_page(done.problem, is_used=done.is_used)
    response = visit.outcome_page(done.result, form, subject)
    row_id = done.result.attendance_id
    if done.result.outcome is Outcome.CHECKED_IN and form.is_remembering and row_id is not None:
        member_id = Attendance.objects.values_list("member_id", flat=True).get(pk=row_id)
        remember_person(response, subject, member_id)
    return response


def _limits(visit: Visit, session: Session | None) -> patience.Patience:
    phone = session.nonce if session else visit.request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    return patience.Patience(phone, f"{client_address(visit.request)}:{visit.event.code}")


def _too_fast(visit: Visit, form: SelfForm, sentence: str, seconds: int) -> HttpResponse:
    response = visit.form_page(form, sentence=sentence, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
