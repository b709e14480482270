"""What people type and press at the desk of an event, as values."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _lazy

from attendance.forms import OperationField
from attendance.models import GUEST_NAME_LENGTH
from attendance.subjects import by_guest_name

MOST_PEOPLE = 30


class DeskForm(forms.Form):
    """One act: whom (`entry` as typed, `ref` or `guest` as chosen), how many, and on which terms.

    `override` says that a reason is expected; `confirmed` lets a walk-in in where the event asks about them.
    """

    act = forms.CharField(max_length=20)
    operation_id = OperationField()
    entry = forms.CharField(max_length=200, required=False)
    ref = forms.CharField(max_length=200, required=False)
    guest = forms.CharField(max_length=GUEST_NAME_LENGTH, required=False)
    party_size = forms.IntegerField(min_value=1, max_value=MOST_PEOPLE, required=False)
    reason = forms.CharField(max_length=300, required=False)
    override = forms.BooleanField(required=False)
    confirmed = forms.BooleanField(required=False)
    undoes = forms.UUIDField(required=False)

    @property
    def sentence(self) -> str:
        """The first thing that is wrong."""
        return next((str(message) for messages in self.errors.values() for message in messages), "")


class WalkInForm(forms.Form):
    """A guest by name. `anyway` says that whoever looks like them was looked at."""

    operation_id = OperationField()
    guest = forms.CharField(
        label=_lazy("Name"),
        max_length=GUEST_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words", "spellcheck": "false"}),
        error_messages={"required": _lazy("Enter a name.")},
    )
    party_size = forms.IntegerField(
        label=_lazy("People"),
        min_value=1,
        max_value=MOST_PEOPLE,
        initial=1,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    anyway = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"auto_id": "walk_in_%s"} | kwargs))

    def clean_guest(self) -> str:
        return by_guest_name(self.cleaned_data["guest"]).guest_name

    def clean_party_size(self) -> int:
        return self.cleaned_data["party_size"] or 1
