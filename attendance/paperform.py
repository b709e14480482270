"""A list of paper as it is typed in, as values."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from attendance import paper
from attendance.paper import Entry
from checkin_project.platform.text import clean_text
from events.models import Event

MOST_CHARACTERS = 20_000


class PaperForm(forms.Form):
    """The lines and the time of those that have none; a valid one holds what was understood of them in `entries`."""

    text = forms.CharField(
        label=_lazy("One line for each person"),
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": _lazy("Type at least one line.")},
    )
    otherwise = forms.TimeField(
        label=_lazy("Time of lines without one"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": _lazy("Choose a time."), "invalid": _lazy("Choose a time, like 18:05.")},
    )

    def __init__(
        self, data: QueryDict | None, *, event: Event, at: datetime, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial or {"otherwise": event.local_start.time()})
        self.entries: list[Entry] = []
        self._event, self._at = event, at

    @property
    def fingerprint(self) -> str:
        """Stands for exactly what a valid form holds: only lines that were read back are recorded."""
        held = f"{self.cleaned_data['otherwise']}\n{self.cleaned_data['text']}"
        return hashlib.sha256(held.encode()).hexdigest()[:16]

    def clean_text(self) -> str:
        return clean_text(self.cleaned_data["text"], max_length=MOST_CHARACTERS, multiline=True)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if "text" in values and "otherwise" in values:
            try:
                self.entries = paper.read(self._event, values["text"], otherwise=values["otherwise"], at=self._at)
            except ValidationError as problem:
                self.add_error("text", problem)
            else:
                if not self.entries:
                    self.add_error("text", _("Type at least one line."))
        return values
