"""The form of a saved view."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.databrowser.asked import CleanField


class ViewForm(forms.Form):
    name = CleanField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    is_shared = forms.BooleanField(label=_("Colleagues see it, too"), required=False)
