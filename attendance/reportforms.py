"""What somebody asks a report, as its address says it and as the form at its top shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.reports.attendees import USUAL, Absence
from attendance.reports.scope import NO_GROUP, Filters, Scope, groups_of, series_of, usual
from checkin_project.platform.access import Actor, Permission

NONE = "none"
FIRST, LAST = date(1970, 1, 1), date(2999, 12, 31)
MOST_YEARS = 20
# Events to choose from by name: the latest of the range.
MOST_EVENTS = 300

Choices = list[tuple[Any, Any]]


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(
        attrs={"type": "date", "min": FIRST.isoformat(), "max": LAST.isoformat()}, format="%Y-%m-%d"
    )
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d"])


def _counts(*numbers: int) -> list[tuple[str, str]]:
    return [(str(number), str(number)) for number in numbers]


class FilterForm(forms.Form):
    """Days, group, series. What is left out is as usual: the last twelve months, everything that the actor may see."""

    since = _day(_("From"))
    until = _day(_("Until"))
    group = forms.ChoiceField(label=_("Group"), required=False)
    series = forms.ChoiceField(label=_("Series"), required=False)

    def __init__(self, asked: Mapping[str, Any], *, actor: Actor, at: datetime) -> None:
        """Two queries, for what there is to choose from."""
        default = usual(at)
        days = {"since": default.first.isoformat(), "until": default.last.isoformat()}
        super().__init__(days | _given(asked, self), auto_id="filter-%s", label_suffix="")
        groups: Choices = [(str(pk), name) for pk, name in groups_of(actor).values_list("pk", "name")]
        if actor.may(Permission.REPORTS):
            groups.append((NONE, _("Without a group")))
        series = [(str(pk), name) for pk, name in series_of(actor).values_list("pk", "name")]
        self._choose("group", _("All groups"), groups)
        self._choose("series", _("All series"), series)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("since"), cleaned.get("until")
        if not first or not last:
            return cleaned
        if not FIRST <= first <= LAST or not FIRST <= last <= LAST:
            self.add_error("since", _("Choose days between 1970 and 2999."))
        elif first > last:
            self.add_error("until", _("The last day lies before the first one."))
        elif last.year - first.year > MOST_YEARS:
            self.add_error("since", _("Choose at most twenty years."))
        return cleaned

    @property
    def filters(self) -> Filters:
        """Of a form that is valid."""
        group, series = self.cleaned_data["group"], self.cleaned_data["series"]
        return Filters(
            self.cleaned_data["since"],
            self.cleaned_data["until"],
            NO_GROUP if group == NONE else int(group) if group else None,
            int(series) if series else None,
        )

    @property
    def names(self) -> dict[str, Any]:
        """What the form's choices are called; for a form that is valid."""
        return {
            name: dict(self.fields[name].choices)[self.cleaned_data[name]]  # type: ignore[attr-defined]
            for name in ("group", "series")
        }

    @property
    def query(self) -> dict[str, str]:
        """What to put into the address of another report about the same."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    def _choose(self, name: str, everything: Any, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells mypy
        field.choices = [("", everything), *choices]
        field.error_messages["invalid_choice"] = _("That is not among what you may choose.")


class AbsenceForm(forms.Form):
    """Who counts as not seen lately."""

    missed = forms.ChoiceField(label=_("Missed the last events held"), choices=_counts(1, 2, 3, 4, 6, 8, 12))
    least = forms.ChoiceField(label=_("After coming to at least"), choices=_counts(1, 2, 3, 5, 10))

    def __init__(self, asked: Mapping[str, Any]) -> None:
        counts = {"missed": str(USUAL.missed), "least": str(USUAL.least)}
        super().__init__(counts | _given(asked, self), auto_id="absence-%s", label_suffix="")

    @property
    def absence(self) -> Absence:
        """Of a form that is valid; as usual for one that is not."""
        if not self.is_valid():
            return USUAL
        return Absence(int(self.cleaned_data["missed"]), int(self.cleaned_data["least"]))


class FollowForm(forms.Form):
    """Two things to come to: a series, a group or an event of the range."""

    a = forms.ChoiceField(label=_("Came to"), required=False)
    b = forms.ChoiceField(label=_("and then to"), required=False)

    def __init__(self, asked: Mapping[str, Any], scope: Scope) -> None:
        super().__init__(_given(asked, self), auto_id="follow-%s", label_suffix="")
        events = scope.events
        choices: Choices = [("", _("Choose …"))]
        series = {event.series_id: event.series for event in events if event.series_id}
        groups = {event.group_id: event.group for event in events if event.group_id}
        for label, letter, names in ((_("Series"), "s", series), (_("Groups"), "g", groups)):
            named = sorted((name, f"{letter}{pk}") for pk, name in names.items())
            choices.append((label, [(key, name) for name, key in named]))
        latest = [(f"e{event.code}", f"{event.on:%Y-%m-%d} {event.name}") for event in reversed(events)]
        choices.append((_("Events"), latest[:MOST_EVENTS]))
        for field in self.fields.values():
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  tells mypy
            field.choices = choices
            field.error_messages["invalid_choice"] = _("That is not among the events of these days.")

    @property
    def is_complete(self) -> bool:
        return self.is_valid() and bool(self.cleaned_data["a"] and self.cleaned_data["b"])


def _given(asked: Mapping[str, Any], form: forms.Form) -> dict[str, str]:
    """What the address says about the fields of this form, blanks left aside."""
    return {name: str(asked[name]) for name in form.base_fields if str(asked.get(name, "")).strip()}
