"""The page of stored exports: what was asked for, how it goes, and the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkin_project.platform.access import Actor, Permission, Role, request_actor
from checkin_project.platform.exports import links, storing
from checkin_project.platform.exports.forms import ExportForm
from checkin_project.platform.exports.runs import ExportRun

PER_PAGE = 20
AT_ONCE = 64 * 1024

P = ParamSpec("P")


def for_reporters(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """The view of people who may have reports, everywhere or in a group; 403 for others."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        actor = request_actor(request)
        if not actor.may_somewhere(Permission.REPORTS):
            raise PermissionDenied
        return view(request, actor, *args, **kwargs)

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
@for_reporters
def exports_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET shows the runs and the form, POST begins a run."""
    if request.method != "POST":
        return _page(request, actor, ExportForm(actor=actor))
    form = ExportForm(request.POST, actor=actor)
    if not form.is_valid():
        return _page(request, actor, form, status=400)
    run = storing.order(form.wanted, by=actor, at=timezone.now())
    _say(request, _("“%(name)s” is being made. The list below says when it is ready."), run)
    return redirect("exports")


def _page(request: HttpRequest, actor: Actor, form: ExportForm, status: int = 200) -> HttpResponse:
    runs = ExportRun.objects.visible_to(actor).select_related("requested_by")
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "is_under_way": any(run.is_under_way for run in page),
        "sees_all": actor.role == Role.ADMINISTRATOR,
        "keep_days": settings.EXPORTS_KEEP_DAYS,
    }
    return render(request, "exports/exports.html", context, status=status)


def _say(request: HttpRequest, sentence: str, run: ExportRun, level: int = messages.SUCCESS) -> None:
    messages.add_message(request, level, sentence % {"name": run.label})


def _run(actor: Actor, pk: int) -> ExportRun:
    return get_object_or_404(ExportRun.objects.visible_to(actor), pk=pk)


@require_POST
@for_reporters
def retry(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    run = _run(actor, pk)
    if storing.retry(run, at=timezone.now()):
        _say(request, _("“%(name)s” is being tried again."), run)
    else:
        _say(request, _("“%(name)s” needs no second try: the list below shows how it is."), run, messages.INFO)
    return redirect("exports")


@require_POST
@for_reporters
def delete(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    run = _run(actor, pk)
    if storing.delete(run, at=timezone.now()):
        _say(request, _("“%(name)s” is deleted."), run)
    else:
        _say(request, _("“%(name)s” changed at this moment. Nothing was deleted."), run, messages.WARNING)
    return redirect("exports")


@require_safe
@for_reporters
def download(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """To a link that runs out in five minutes: of the storage, or of this site."""
    run = _run(actor, pk)
    if run.state != ExportRun.State.STORED:
        raise Http404
    return redirect(links.link_to(run))


@require_safe
@for_reporters
def file(request: HttpRequest, actor: Actor, token: str) -> HttpResponseBase:
    """The file from this site's own folder. The link alone is not enough: it takes the same right as the list."""
    run = links.linked(token, by=actor)
    if run is None or not links.is_there(run):
        return render(request, "exports/link_gone.html", status=404)
    response = StreamingHttpResponse(_parts(run), content_type="application/octet-stream")
    response.headers["Content-Length"] = str(run.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{run.file_name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _parts(run: ExportRun) -> Iterator[bytes]:
    with links.opened(run) as opened:
        while part := opened.read(AT_ONCE):
            yield part
