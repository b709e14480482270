"""Imports: the list of them, and one page each that goes with it from being read to being undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import importshown
from checkin_project.platform.admin.importforms import ChoicesForm, decisions_in, kind_choices
from checkin_project.platform.admin.importing import ImportPages
from checkin_project.platform.exports import Table, respond
from checkin_project.platform.imports import kinds, runs
from checkin_project.platform.imports.plan import RowState
from checkin_project.platform.imports.records import ImportRun, RunState


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("what it holds")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return kind_choices()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(ImportRun)
class ImportRunAdmin(ImportPages):
    view_needs = Permission.IMPORT
    list_display = ["file_name", "kind_label", "state_badge", "rows", "problems", "written", "created_by", "created_at"]
    list_filter = ["state", KindFilter]
    search_fields = ["file_name"]
    search_help_text = gettext_lazy("Name of the file")

    @admin.display(description=gettext_lazy("what it holds"), ordering="kind")
    def kind_label(self, run: ImportRun) -> str:
        return str(dict(kind_choices()).get(run.kind, run.kind))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, run: ImportRun) -> str:
        return format_html('<span class="badge tone-{}">{}</span>', run.tone, run.standing)

    @admin.display(description=gettext_lazy("rows"))
    def rows(self, run: ImportRun) -> int:
        return run.row_count

    @admin.display(description=gettext_lazy("with problems"))
    def problems(self, run: ImportRun) -> int:
        return int(run.counts.get(RowState.ERROR, 0))

    @admin.display(description=gettext_lazy("written"))
    def written(self, run: ImportRun) -> str:
        if run.applied_at is None:
            return "–"
        return _("%(new)d new, %(changed)d changed") % {"new": run.records_created, "changed": run.records_updated}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/plan/", view(self.plan_view), name="platform_importrun_plan"),
            path("<int:pk>/undo/", view(self.undo_view), name="platform_importrun_undo"),
            path("<int:pk>/problems/", view(self.problems_view), name="platform_importrun_problems"),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("created_by", "applied_by", "undone_by")

    # --- One run ----------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = cast("ImportRun | None", self.get_object(request, unquote(object_id)))
        if run is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
            return gone
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, run)

    def _page(self, request: HttpRequest, run: ImportRun, form: ChoicesForm | None = None) -> HttpResponse:
        at = timezone.now()
        shown = importshown.filter_in(request.GET)
        may_plan = runs.can_be_planned(run, at)
        is_known = run.kind in dict(kind_choices())
        context = self.admin_site.each_context(request) | {
            "title": run.file_name,
            "opts": self.opts,
            "run": run,
            "kind_label": self.kind_label(run),
            "is_silent": run.is_silent(at),
            "may_plan": may_plan,
            "may_undo": runs.can_be_undone(run),
            "errors": run.counts.get(RowState.ERROR, 0),
            "form": form or (ChoicesForm(run) if may_plan and is_known and run.options else None),
            "shown": shown,
            "may_create_missing": may_plan and is_known and _creates_missing(run),
        }
        if not run.is_busy:
            may_choose = may_plan and run.state == RunState.PLANNED
            page = importshown.page_of(run, shown, request.GET.get("p", "1"), may_choose=may_choose)
            context |= {
                "totals": importshown.totals(run, shown),
                "page": page,
                "has_choices": any(row.is_open for row in page.object_list),
                "duplicate_choices": importshown.duplicate_choices(run) if may_choose else [],
            }
        return TemplateResponse(request, "admin/import/run.html", context)

    @method_decorator(require_POST)
    def plan_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Look again: with other choices for all (`part` all), for the rows of a page (rows), or with the same."""
        run = self._run(request, pk)
        by, at = request_actor(request), timezone.now()
        if runs.set_free(run, by=by, at=at):
            messages.info(request, _("The work that had died was given up. Nothing was changed by it."))
            return HttpResponseRedirect(run.get_absolute_url())
        if not runs.can_be_planned(run, at):
            messages.error(request, _("This import cannot be looked at anew any more."))
            return HttpResponseRedirect(run.get_absolute_url())
        choices = runs.choices_of(run)
        if request.POST.get("part") == "all":
            form = ChoicesForm(run, request.POST)
            if not form.is_valid():
                return self._page(request, run, form)
            choices = form.chosen(choices)
        elif request.POST.get("part") == "missing":
            choices = replace(choices, options=replace(choices.options, create_missing=True))
        elif request.POST.get("part") == "rows":
            lines = run.rows.exclude(likely=[]).filter(line__in=_numbers(request.POST.getlist("line")))
            choices = runs.decide(choices, decisions_in(request.POST, list(lines.values_list("line", flat=True))))
        runs.look_again(run, choices, by=by, at=at)
        shown = importshown.filter_in(request.POST)
        return HttpResponseRedirect(f"{run.get_absolute_url()}{f'?show={shown}' if shown else ''}")

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._run(request, pk)
        if request.method == "POST":
            refusal = runs.undo(run, by=request_actor(request), at=timezone.now())
            if refusal:
                messages.error(request, refusal)
            return HttpResponseRedirect(run.get_absolute_url())
        context = self.admin_site.each_context(request) | {
            "title": _("Undo this import?"),
            "opts": self.opts,
            "run": run,
            "may_undo": runs.can_be_undone(run),
        }
        return TemplateResponse(request, "admin/import/undo.html", context)

    @method_decorator(require_GET)
    def problems_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Every problem as CSV: physical line, column, value, reason."""
        run = self._run(request, pk)

        def rows() -> Iterator[tuple[int, str, str, str]]:
            wrong = run.rows.filter(state=RowState.ERROR).order_by("line")
            for line, problems in wrong.values_list("line", "problems").iterator():
                for column, value, reason in problems:
                    yield line, column, value, reason

        return respond(Table("import-problems", ("line", "column", "value", "reason"), rows), "csv")

    def _run(self, request: HttpRequest, pk: int) -> ImportRun:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = cast("ImportRun | None", self.get_object(request, str(pk)))
        if run is None:
            raise Http404
        return run


def _creates_missing(run: ImportRun) -> bool:
    """Is there something that could be made from the rows, and was not asked for yet?"""
    return kinds.kind(run.kind).creates_missing and not run.options.get("create_missing", True)


def _numbers(texts: list[str]) -> list[int]:
    # Longer ones are no lines of any file, and no database's integers.
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10][: importshown.PER_PAGE]
