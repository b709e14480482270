"""What the style guide shows: one example of every part."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SampleForm(forms.Form):
    name = forms.CharField(label=_("Full name"), help_text=_("As your friends would write it."))
    email = forms.EmailField(label=_("E-mail"))
    v_number = forms.CharField(label=_("V-number"), required=False)
    door = forms.ChoiceField(label=_("Door"), choices=[("kiosk", _("Kiosk")), ("scanner", _("Scanner"))])
    reentry = forms.ChoiceField(
        label=_("Re-entry"),
        choices=[("once", _("Once")), ("after_exit", _("Again after going out"))],
        widget=forms.RadioSelect,
        initial="once",
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    newsletter = forms.BooleanField(label=_("Tell me about the next event"), required=False)


COLOURS = ("paper", "surface", "sunken", "line", "line-strong", "ink", "ink-soft", "accent", "accent-wash")
TONES = ("welcome", "attention", "stop", "undone")
OUTCOMES = (
    {
        "tone": "welcome",
        "headline": _("Welcome"),
        "name": "Ben Okafor",
        "lines": (_("Your 12th visit."), _("Please go on in.")),
    },
    {
        "tone": "attention",
        "headline": _("Already in"),
        "name": "Ben Okafor",
        "lines": (_("Checked in at 6:04 p.m. at the kiosk."), _("You are all set.")),
    },
    {
        "tone": "stop",
        "headline": _("Event is full"),
        "name": "Ben Okafor",
        "lines": (_("All 120 seats are taken."), _("Please ask at the desk.")),
    },
    {
        "tone": "undone",
        "headline": _("Taken back"),
        "name": "Ben Okafor",
        "lines": (_("The check-in was undone and the seat is free again."),),
    },
)


def styleguide_context() -> dict[str, object]:
    return {
        "colours": COLOURS,
        "tones": TONES,
        "outcomes": OUTCOMES,
        "form": SampleForm(auto_id="sample_%s"),
        "wrong_form": SampleForm({"name": "", "email": "ben@", "door": "window"}, auto_id="wrong_%s"),
    }
