"""Export on the library's pages: what a list shows, as a file.

Addresses, names, hooks and templates are those of django-import-export. The library would hold the whole file in
memory, and its escape of formulas cannot be taken back: what is written is written by `platform.exports`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ExportMixin

from checkin_project.platform.access import Permission
from checkin_project.platform.admin.storing import StoringAdmin
from checkin_project.platform.admin.visible import VisibleAdmin
from checkin_project.platform.exports import FORMATS, Table, respond
from checkin_project.platform.exports.forms import LABELS

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    class _ExportMixin(VisibleAdmin):
        def get_export_queryset(self, request: HttpRequest) -> Any: ...
else:
    _ExportMixin = ExportMixin

ACTION = "export_selected"
# As many ids as a page of a list can select, and more than a form needs.
_IDS = re.compile(r"\d{1,18}(,\d{1,18}){0,999}")


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write the records of a list down. `hint` says what it is good for."""

    name: str
    label: _StrOrPromise
    make: Callable[[Any], Table]
    hint: _StrOrPromise = ""

    @property
    def words(self) -> str:
        return f"{self.label}: {self.hint}" if self.hint else str(self.label)


class ExportForm(forms.Form):
    """Which columns, in which format, and (after an action) of which records only."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        widget=forms.RadioSelect,
        choices=[(name, LABELS[name]) for name in FORMATS],
        initial=FORMATS[0],
    )
    export_items = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, shapes: Sequence[Shape], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shapes = {shape.name: shape for shape in shapes}
        self.fields["shape"] = forms.ChoiceField(
            label=_("Columns"),
            widget=forms.RadioSelect,
            choices=[(shape.name, shape.words) for shape in shapes],
            initial=shapes[0].name,
        )
        self.order_fields(["shape", "format"])

    def clean_export_items(self) -> list[int]:
        text = self.cleaned_data["export_items"]
        if text and not _IDS.fullmatch(text):
            raise ValidationError(_("These records cannot be told. Please choose them again."), code="ids")
        return [int(part) for part in text.split(",")] if text else []


class ExportPages(_ExportMixin, StoringAdmin):
    """Adds `export/` to a model's pages, and an action. The first of `export_shapes` is the usual one.

    Only records to which the person may do what takes `export_needs` get into a file.
    """

    export_shapes: tuple[Shape, ...] = ()
    export_needs = Permission.REPORTS
    export_template_name = "admin/export/export.html"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.view_needs) and self.may(request, self.export_needs)

    def get_export_resource_classes(self, request: HttpRequest) -> list[Any]:
        """None: the library's own reading and writing is not used."""
        return []

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        action = self.get_action(ACTION)
        # In a pop-up a list is there to choose one record from.
        is_offered = action is not None and IS_POPUP_VAR not in request.GET and self.has_export_permission(request)
        return actions | {ACTION: action} if is_offered else actions

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """GET asks for columns and format; POST gives the file of exactly what the list's address shows."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_export_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self._page_address('changelist')}?e=1")
        form = ExportForm(self.export_shapes, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._ask(request, form, rows)
        chosen = form.cleaned_data
        if chosen["export_items"]:
            rows = rows.filter(pk__in=chosen["export_items"])
        return respond(form.shapes[chosen["shape"]].make(rows), chosen["format"])

    def get_export_queryset(self, request: HttpRequest) -> Any:
        """The rows of the list as it is filtered, searched and sorted, that this person may export."""
        return self.allowed_rows(request, super().get_export_queryset(request), self.export_needs)

    @admin.action(description=gettext_lazy("export …"))
    def export_selected(self, request: HttpRequest, rows: Any) -> HttpResponseBase:
        """To the page that asks. All rows of a list need no ids: the list's address says which they are."""
        if request.POST.get("select_across") == "1":
            return HttpResponseRedirect(self._export_address(request))
        allowed = self.allowed_rows(request, rows, self.export_needs)
        ids = ",".join(map(str, allowed.order_by().values_list("pk", flat=True)))
        form = ExportForm(self.export_shapes, initial={"export_items": ids})
        return self._ask(request, form, allowed)

    def _ask(self, request: HttpRequest, form: ExportForm, rows: Any) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Export"),
            "opts": self.opts,
            "form": form,
            "count": rows.count(),
            "is_selection": bool(form["export_items"].value()),
            "export_url": self._export_address(request),
            "back": f"{self._page_address('changelist')}?{request.GET.urlencode()}",
            "media": self.media,
        }
        return TemplateResponse(request, [self.export_template_name], context, status=400 if form.is_bound else 200)

    def _export_address(self, request: HttpRequest) -> str:
        return f"{self._page_address('export')}?{request.GET.urlencode()}"

    def _page_address(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")
