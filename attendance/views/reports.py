"""Reports: numbers across events, one page for each family, every table to take away. docs/reports.md defines them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from attendance import reportcharts
from attendance.keynumbers import key_numbers
from attendance.models import Method
from attendance.reportforms import AbsenceForm, FilterForm, FollowForm
from attendance.reports import attendees, followers, months, people, times, totals
from attendance.reports.scope import Scope, scope_for
from attendance.reports.tables import ASKING, REPORTS, Question, table_for
from checkin_project.platform.access import Actor, Permission, request_actor
from checkin_project.platform.exports import FORMATS, respond
from members.models import Member

LATEST, EVENTS_A_PAGE, PEOPLE_SHOWN, MAJORS_SHOWN = 5, 40, 50, 25
PAGES = (
    ("reports", _("Overview")),
    ("reports-events", _("Events")),
    ("reports-months", _("Months")),
    ("reports-people", _("People")),
    ("reports-times", _("Times and doors")),
    ("reports-retention", _("Coming again")),
    ("reports-not-seen", _("Not seen lately")),
)


@dataclass(frozen=True, slots=True)
class Asked:
    request: HttpRequest
    actor: Actor
    scope: Scope
    form: FilterForm
    at: datetime


def _page(request: HttpRequest, name: str, tell: Callable[[Asked], dict[str, Any]]) -> HttpResponse:
    """A report, or, when what was asked makes no sense, the form with a sentence that says why."""
    actor, at = request_actor(request), timezone.now()
    if not actor.may_somewhere(Permission.REPORTS):
        raise PermissionDenied
    form = FilterForm(request.GET.dict(), actor=actor, at=at)
    query = urlencode(form.query)
    links = [(label, f"{reverse(f'attendance:{page}')}?{query}", page == name) for page, label in PAGES]
    context: dict[str, Any] = {"form": form, "query": query, "pages": links, "at": at}
    if not form.is_valid():
        return render(request, "attendance/reports/unclear.html", context, status=400)
    scope = scope_for(actor, form.filters, at=at)
    context |= {"scope": scope, "filters": form.filters, "names": form.names}
    # Everything else is worked out from events, so without any there is nothing to ask.
    context |= tell(Asked(request, actor, scope, form, at)) if scope.events else {}
    return render(request, f"attendance/reports/{name}.html", context)


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The numbers that say how things go, against the same number of days before."""

    def tell(asked: Asked) -> dict[str, Any]:
        scope = asked.scope
        lines = totals.lines([*scope.before, *scope.events])
        now = lines[len(scope.before) :]
        by_month = months.by_month(scope, now, months.nobody(scope))
        before = totals.total(lines[: len(scope.before)])
        return {
            "keys": key_numbers(totals.total(now), before, people.seen(scope)),
            "months": by_month,
            "chart": reportcharts.of_months(by_month),
            "latest": [line for line in reversed(now) if line.is_held][:LATEST],
            "elsewhere": _elsewhere(asked),
        }

    return _page(request, "reports", tell)


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Each event, each series and each group."""

    def tell(asked: Asked) -> dict[str, Any]:
        lines = totals.lines(asked.scope.events)
        first_timers = people.seen(asked.scope).first_timers
        newest = [(line, first_timers.get(line.event.place, 0)) for line in reversed(lines)]
        page = Paginator(newest, EVENTS_A_PAGE).get_page(asked.request.GET.get("page"))
        shown = [line for line, _new in reversed(page.object_list)]
        return {
            "page": page,
            "total": totals.total(lines),
            "chart": reportcharts.of_events(shown),
            "series": totals.by(lambda event: (event.series_id, event.series), lines).items(),
            "groups": totals.by(lambda event: (event.group_id, event.group), lines).items(),
        }

    return _page(request, "reports-events", tell)


@require_safe
def by_month(request: HttpRequest) -> HttpResponse:
    """Month by month, with the way things go."""

    def tell(asked: Asked) -> dict[str, Any]:
        lines = totals.lines(asked.scope.events)
        found = months.by_month(asked.scope, lines, months.calendar(asked.scope))
        return {
            "months": found,
            "chart": reportcharts.of_months(found),
            "people_chart": reportcharts.of_first_timers(found),
        }

    return _page(request, "reports-months", tell)


@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """Who they are, how often they came, and who came most, with a search by name."""

    def tell(asked: Asked) -> dict[str, Any]:
        crowd, name = people.crowd(asked.scope), asked.request.GET.get("q", "").replace("\0", "")[:100]
        members = sum(band.members for band in crowd.bands)
        return {
            "crowd": crowd,
            "members": members,
            "regulars": members - crowd.bands[0].members,
            "classifications": [(_classification(each.name), each) for each in crowd.classifications],
            "majors": crowd.majors[:MAJORS_SHOWN],
            "more_majors": len(crowd.majors[MAJORS_SHOWN:]),
            "q": name,
            "found": attendees.attendees(asked.scope, by=asked.actor, name=name, limit=PEOPLE_SHOWN),
        }

    return _page(request, "reports-people", tell)


@require_safe
def when(request: HttpRequest) -> HttpResponse:
    """Weekdays, hours, minutes around the start, and doors."""

    def tell(asked: Asked) -> dict[str, Any]:
        doors, arrivals = times.doors(asked.scope), times.arrivals(asked.scope)
        minutes = times.grouped(arrivals.minutes, reportcharts.WIDTH)
        return {
            "weekdays": [(WEEKDAYS[day.number], day) for day in doors.weekdays],
            "most_on_a_day": max(day.checked_in for day in doors.weekdays),
            "methods": [(Method(door.method).label if door.method else "", door) for door in doors.methods],
            "hours": arrivals.hours,
            "hours_chart": reportcharts.of_hours(arrivals.hours),
            "minutes": minutes,
            "minutes_chart": reportcharts.of_minutes(minutes),
            "checked_in": sum(door.checked_in for door in doors.methods),
        }

    return _page(request, "reports-times", tell)


@require_safe
def coming_again(request: HttpRequest) -> HttpResponse:
    """Of first-timers, who came again and when; and who came to one thing and then to another."""

    def tell(asked: Asked) -> dict[str, Any]:
        form = FollowForm(asked.request.GET.dict(), asked.scope)
        seen = months.calendar(asked.scope)
        context: dict[str, Any] = {
            "follow": form,
            "cohorts": months.cohorts(seen),
            "followed_months": range(1, min(months.FOLLOWED, len(seen.days) - 1) + 1),
            "months": months.by_month(asked.scope, (), seen),
        }
        if form.is_complete:
            a, b = followers.chosen(form.cleaned_data["a"]), followers.chosen(form.cleaned_data["b"])
            context["followed"] = followers.followed(asked.scope, a, b)
            context["followers"] = followers.followers(asked.scope, a, b, by=asked.actor, limit=PEOPLE_SHOWN)
            context["follow_query"] = urlencode(form.cleaned_data)
        return context

    return _page(request, "reports-retention", tell)


@require_safe
def not_seen(request: HttpRequest) -> HttpResponse:
    """Who used to come and was missing at the last events held."""

    def tell(asked: Asked) -> dict[str, Any]:
        form = AbsenceForm(asked.request.GET.dict())
        found = attendees.not_seen(asked.scope, form.absence, by=asked.actor, limit=PEOPLE_SHOWN)
        query = urlencode({"missed": form.absence.missed, "least": form.absence.least})
        return {"absence_form": form, "absence": form.absence, "found": found, "absence_query": query}

    return _page(request, "reports-not-seen", tell)


def _elsewhere(asked: Asked) -> list[tuple[Any, str]]:
    """The rows behind the numbers, and files that were made of them."""
    days = urlencode({name: value for name, value in asked.form.query.items() if name != "series"})
    return [
        (_("The check-ins themselves"), f"{reverse('attendance:data')}?{days}"),
        (_("Stored exports"), reverse("exports")),
    ]


def _classification(value: str) -> str:
    return str(Member.Classification(value).label) if value else ""


@require_safe
def meaning(request: HttpRequest) -> HttpResponse:
    """What each number counts, in the words of docs/reports.md."""
    if not request_actor(request).may_somewhere(Permission.REPORTS):
        raise PermissionDenied
    return render(request, "attendance/reports/meaning.html")


@require_safe
def download(request: HttpRequest, name: str, file_format: str) -> HttpResponseBase:
    """A table of the reports as a file, about exactly what the page showed."""
    actor, at = request_actor(request), timezone.now()
    if not actor.may_somewhere(Permission.REPORTS):
        raise PermissionDenied
    if name not in REPORTS or file_format not in FORMATS:
        raise Http404
    form = FilterForm(request.GET.dict(), actor=actor, at=at)
    if not form.is_valid():
        raise Http404
    scope = scope_for(actor, form.filters, at=at)
    chosen = FollowForm(request.GET.dict(), scope)
    keys = chosen.cleaned_data if chosen.is_complete else {}
    if name in ASKING and not keys:
        raise Http404
    absence = AbsenceForm(request.GET.dict()).absence
    question = Question(actor, scope, absence, keys.get("a", ""), keys.get("b", ""))
    return respond(table_for(name, question), file_format, on=timezone.localdate())
