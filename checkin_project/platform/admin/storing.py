"""Copying the records of a list to the storage, as an action of its page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import Actor, Permission, request_actor
from checkin_project.platform.admin.questions import Question, ask, done
from checkin_project.platform.admin.visible import VisibleAdmin
from checkin_project.platform.adminsite import Panel
from checkin_project.platform.exports.forms import LABELS
from checkin_project.platform.exports.narrowing import IDS
from checkin_project.platform.exports.registry import Export, find
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, order

ACTION = "copy_to_storage"
SHOWN = 2
# Their ids travel in the run's row.
MOST_ROWS = 20_000


def exports_panel(request: HttpRequest) -> Panel | None:
    """For the start page: a way to the files, and how the latest of them are. One query."""
    actor = request_actor(request)
    if not actor.may_somewhere(Permission.REPORTS):
        return None
    return Panel("admin/_exports.html", {"runs": ExportRun.objects.visible_to(actor)[:SHOWN]})


class StoringAdmin(VisibleAdmin):
    """Lists of which some records can be copied: those of whose `export_shapes` a named export knows ids.

    Only records to which the person may do what takes `export_needs` get into a file.
    """

    export_shapes: tuple[Any, ...] = ()
    export_needs = Permission.REPORTS

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        action = self.get_action(ACTION)
        if actions and action is not None and self._storable(request_actor(request)):
            actions[ACTION] = action
        return actions

    def _storable(self, actor: Actor) -> list[Export]:
        """What the actor may have of this list; nothing for whoever cannot see the page of exports either."""
        known = [export for shape in self.export_shapes if (export := find(shape.name)) and IDS in export.params]
        may = actor.may_somewhere(Permission.REPORTS) and actor.user_id is not None
        return [export for export in known if may and actor.may_somewhere(export.permission)]

    @admin.action(description=gettext_lazy("copy to the storage …"))
    def copy_to_storage(self, request: HttpRequest, rows: Any) -> HttpResponse:
        rows = self.allowed_rows(request, rows, self.export_needs)
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST_ROWS + 1])
        if not 0 < len(ids) <= MOST_ROWS:
            return done(self, request, _refusal(len(ids)), messages.ERROR)
        answer = ask(self, request, rows, _question(self._storable(request_actor(request))))
        if isinstance(answer, HttpResponse):
            return answer
        about = ngettext("%(n)d record", "%(n)d records", len(ids)) % {"n": len(ids)}
        chosen = answer.cleaned_data
        wanted = Wanted(chosen["what"], chosen["format"], {IDS: ids}, about, ExportRun.Origin.ADMIN)
        run = order(wanted, by=request_actor(request), at=timezone.now())
        sentence = _("“{}” ({}) is being made. The page of {} says when it is ready.")
        link = format_html('<a href="{}">{}</a>', reverse("exports"), _("exports"))
        return done(self, request, format_html(sentence, run.label, about, link), messages.SUCCESS)


def _refusal(number: int) -> str:
    if not number:
        return _("You may export none of these records.")
    return _("At most %(most)d records at a time. The page of exports makes whole lists.") % {"most": MOST_ROWS}


def _question(offers: list[Export]) -> Question:
    what = forms.ChoiceField(label=_("What"), choices=[(export.name, str(export.label)) for export in offers])
    fields = {"what": what, "format": forms.ChoiceField(label=_("Format"), choices=list(LABELS.items()))}
    return Question(
        title=_("Copy to the storage"),
        explanation=_("A file with these records is made in the background. You find it on the page of exports."),
        button=_("Make the file"),
        form=type("StoreForm", (forms.Form,), fields),
    )
