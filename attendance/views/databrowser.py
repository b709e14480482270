"""The data browser: attendance filtered, sorted and paged, as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from attendance import savedviews
from attendance.databrowser.asked import DEFAULT_SORT, Asked, DataForm
from attendance.databrowser.chips import chips
from attendance.databrowser.columns import COLUMNS, DEFAULT_COLUMNS
from attendance.databrowser.headings import headings
from attendance.databrowser.materialised import source
from attendance.databrowser.pages import steady_page
from attendance.databrowser.suggestions import known_events, known_majors
from attendance.databrowser.tables import table
from checkin_project.platform.access import Actor, Permission, request_actor
from checkin_project.platform.exports import FORMATS, respond


def reader(request: HttpRequest) -> Actor:
    """Whoever may read reports somewhere. Raises PermissionDenied for everybody else."""
    actor = request_actor(request)
    if not actor.may_somewhere(Permission.REPORTS):
        raise PermissionDenied
    return actor


@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What is asked for in the address, a page at a time. What cannot be understood is said beside its field."""
    actor = reader(request)
    form = DataForm(request.GET, by=actor)
    if not form.is_valid():
        return render(request, "attendance/data.html", _around(form, Asked(), actor), status=400)
    asked = form.asked(request.GET)
    found = {"page": steady_page(asked, actor, source()), "chips": chips(asked, form), "headings": headings(asked)}
    return render(request, "attendance/data.html", _around(form, asked, actor) | found | {"formats": FORMATS})


def _around(form: DataForm, asked: Asked, actor: Actor) -> dict[str, Any]:
    """What stands around the rows: the form with its suggestions, and the views to open."""
    return {
        "form": form,
        "asked": asked,
        "usual_sort": DEFAULT_SORT,
        "usual_columns": " ".join(DEFAULT_COLUMNS),
        "events": known_events(actor),
        "majors": known_majors(actor),
        "saved_views": savedviews.views_of(actor),
        "columns": [(name, column, name in asked.columns) for name, column in COLUMNS.items()],
    }


@require_safe
def download(request: HttpRequest, extension: str) -> HttpResponseBase:
    """All that matches, as a file. `shape=legacy` has the columns of older spreadsheets."""
    actor = reader(request)
    if extension not in FORMATS:
        raise Http404
    form = DataForm(request.GET, by=actor)
    if not form.is_valid():
        return data(request)
    as_legacy = request.GET.get("shape") == "legacy"
    return respond(table(form.asked(request.GET), actor, source(), as_legacy=as_legacy), extension)
