"""Which export somebody wants to have stored, and in which format."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor
from checkin_project.platform.exports.formats import FORMATS
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
        self.offers = sorted((str(export.label), export.name) for export in exports_for(actor))
        self.fields["name"] = forms.ChoiceField(
            label=_("What"),
            choices=[(name, label) for label, name in self.offers],
            error_messages={"invalid_choice": _("There is no such export. Choose one of the list.")},
        )
        self.fields["format"] = forms.ChoiceField(
            label=_("Format"),
            choices=[(name, LABELS[name]) for name in FORMATS],
            error_messages={"invalid_choice": _("There is no such format. Choose one of the list.")},
        )

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.cleaned_data["name"], self.cleaned_data["format"])
