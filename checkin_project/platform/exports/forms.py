"""Which export somebody wants to have stored, and in which format."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor
from checkin_project.platform.exports.formats import FORMATS
from checkin_project.platform.exports.narrowing import IDS
from checkin_project.platform.exports.registry import exports_for
from checkin_project.platform.exports.storing import Wanted

LABELS = {
    "csv": _("CSV, opens everywhere"),
    "xlsx": _("XLSX, a workbook"),
    "json": _("JSON, for programs"),
}


class ExportForm(forms.Form):
    """Offers what the actor may export."""

    # Without this the ids would be those of the page's other parts.
    prefix = "export"

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = exports_for(actor)
        self.fields["name"] = forms.ChoiceField(
            label=_("What"),
            choices=self._grouped(),
            error_messages={"invalid_choice": _("There is no such export. Choose one of the list.")},
        )
        self.fields["format"] = forms.ChoiceField(
            label=_("Format"),
            choices=[(name, LABELS[name]) for name in FORMATS],
            error_messages={"invalid_choice": _("There is no such format. Choose one of the list.")},
        )

    def _grouped(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Lists of records, and what is worked out from them; each by what people call it."""
        lists: list[tuple[str, str]] = []
        reports: list[tuple[str, str]] = []
        for export in self.offers:
            (lists if IDS in export.params else reports).append((export.name, str(export.label)))
        by_label = itemgetter(1)
        groups = [(_("Lists"), sorted(lists, key=by_label)), (_("Reports"), sorted(reports, key=by_label))]
        return [(str(title), offered) for title, offered in groups if offered]

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.cleaned_data["name"], self.cleaned_data["format"])
