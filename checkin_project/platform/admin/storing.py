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
    """For lists whose `stored_exports` (the usual one first) can be limited by ids, see `exports.narrowing.of_rows`."""

    stored_exports: tuple[str, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        action = self.get_action(ACTION)
        if actions and action is not None and self._storable(request_actor(request)):
            actions[ACTION] = action
        return actions

    def _storable(self, actor: Actor) -> list[Export]:
        """What the actor may have of this list; nothing for whoever cannot see the Exports page either."""
        known = [export for name in self.stored_exports if (export := find(name)) and "ids" in export.params]
        may = actor.may_somewhere(Permission.REPORTS) and actor.user_id is not None
        return [export for export in known if may and actor.may_somewhere(export.permission)]

    @admin.action(description=gettext_lazy("copy to the storage"))
    def copy_to_storage(self, request: HttpRequest, rows: Any) -> HttpResponse:
        offers = self._storable(request_actor(request))
        if rows.count() > MOST_ROWS:
            sentence = _("At most %(most)d records at a time. The page of exports makes whole lists.")
            return done(self, request, sentence % {"most": MOST_ROWS}, messages.ERROR)
        answer = ask(self, request, rows, _question(offers))
        if isinstance(answer, HttpResponse):
            return answer
        ids = sorted(rows.order_by().values_list("pk", flat=True))
        about = ngettext("%(n)d record", "%(n)d records", len(ids)) % {"n": len(ids)}
        chosen = answer.cleaned_data
        wanted = Wanted(chosen["what"], chosen["format"], {"ids": ids}, about, ExportRun.Origin.ADMIN)
        run = order(wanted, by=request_actor(request), at=timezone.now())
        said = format_html(
            _('“{}” ({}) is being made. <a href="{}">The page of exports</a> says when it is ready.'),
            run.label,
            about,
            reverse("exports"),
        )
        return done(self, request, said, messages.SUCCESS)


def _question(offers: list[Export]) -> Question:
    what = forms.ChoiceField(label=_("What"), choices=[(export.name, str(export.label)) for export in offers])
    fields = {"what": what, "format": forms.ChoiceField(label=_("Format"), choices=list(LABELS.items()))}
    return Question(
        title=_("Copy to the storage"),
        explanation=_("A file with these records is made in the background. You find it on the page of exports."),
        button=_("Make the file"),
        form=type("StoreForm", (forms.Form,), fields),
    )
