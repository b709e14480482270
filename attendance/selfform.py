"""What somebody enters on the own phone, as a value: one field that understands what it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from attendance.kiosk import is_name
from attendance.remembering import Remembered
from attendance.subjects import Subject, by_code, by_guest_name


class SelfForm(forms.Form):
    """One attempt: `again` is the person this phone remembers, else `entry` is a name, a V-number or another number.

    `operation` is the form's own id: sent again with the same entry it is the same attempt, with another one another.
    """

    entry = forms.CharField(
        label=_lazy("Your name or V‑number"),
        max_length=200,
        required=False,
        strip=True,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "name",
                "autocapitalize": "words",
                "spellcheck": "false",
                "enterkeyhint": "go",
                "class": "self__field",
            }
        ),
    )
    again = forms.BooleanField(required=False)
    remember = forms.BooleanField(label=_lazy("Remember me on this phone"), required=False)
    operation = forms.CharField(max_length=36, required=False)
    session = forms.CharField(required=False)

    def __init__(self, data: Any = None, *, remembered: Remembered | None = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self._remembered = remembered
        self.subject: Subject | None = None

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self._remembered is not None and values.get("again"):
            self.subject = self._remembered.subject
        elif "entry" not in self.errors:
            self._understand(values.get("entry", ""))
        return values

    def _understand(self, entry: str) -> None:
        """Whoever typed digits typed a number; anything else is a guest's name."""
        if not any(character.isalnum() for character in entry):
            self.add_error("entry", ValidationError(_("Type your name or your V‑number."), code="required"))
        elif "@" in entry:
            sentence = _("This looks like an e-mail address. Type your name or your V‑number.")
            self.add_error("entry", ValidationError(sentence, code="mail"))
        elif not is_name(entry):
            self.subject = by_code(entry)
        else:
            try:
                self.subject = by_guest_name(entry)
            except ValidationError as problem:
                self.add_error("entry", problem)

    def operation_id(self, subject: Subject) -> UUID:
        """The attempt's id: of this form and this person together."""
        try:
            form_id = UUID(self.data.get("operation", ""))
        except ValueError:
            form_id = uuid4()
        return uuid5(form_id, subject.key(None))

    @property
    def is_again(self) -> bool:
        """Did they press "It’s me again", rather than type who they are?"""
        return self._remembered is not None and bool(self.cleaned_data.get("again"))

    @property
    def is_remembering(self) -> bool:
        return bool(self.cleaned_data.get("remember"))
