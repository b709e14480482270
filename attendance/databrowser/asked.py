"""What somebody asks the data browser for, as an address says it and as the form shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from attendance.databrowser.columns import COLUMNS, DEFAULT_COLUMNS
from attendance.databrowser.orders import DEFAULT_ORDER, ORDERS
from attendance.models import Attendance, Method
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import clean_text
from events.models import Group, GroupQuerySet
from members.models import Member

NONE = "none"
DOWN = "-"
FIRST_YEAR, LAST_YEAR = 1900, 2200
# Above this a position is no row's key, and SQLite could not even compare it.
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters are empty when they do not filter. `group` is a group's id, or NONE for events without one.

    `after` and `before` are keys of the rows next to the page; 0 for the first page.
    """

    q: str = ""
    event: str = ""
    since: date | None = None
    until: date | None = None
    classification: str = ""
    major: str = ""
    method: str = ""
    state: str = ""
    who: str = ""
    group: str = ""
    order: str = DEFAULT_ORDER
    is_descending: bool = True
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    after: int = 0
    before: int = 0

    @property
    def sort(self) -> str:
        return f"{DOWN if self.is_descending else ''}{self.order}"

    def filters(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each filter that filters, in the form's order."""
        for name in FILTERS:
            if value := getattr(self, name):
                yield name, value.isoformat() if isinstance(value, date) else value

    def query(self) -> str:
        """Filters, order and columns as an address has them: the same question always reads the same."""
        pairs = list(self.filters())
        if self.sort != DEFAULT_SORT:
            pairs.append(("sort", self.sort))
        if self.columns != DEFAULT_COLUMNS:
            pairs += [("col", column) for column in self.columns]
        return urlencode(pairs)

    def without(self, name: str) -> Asked:
        nothing: dict[str, Any] = {name: None if name in ("since", "until") else ""}
        return replace(self, **nothing, after=0, before=0)

    def sorted_by(self, order: str, *, is_descending: bool) -> Asked:
        return replace(self, order=order, is_descending=is_descending, after=0, before=0)


FILTERS = ("q", "event", "since", "until", "classification", "major", "method", "state", "who", "group")
DEFAULT_SORT = Asked().sort
_ANY = ("", pgettext_lazy("no filter", "Any"))


class CleanField(forms.CharField):
    """One line of text as every way in cleans it."""

    def to_python(self, value: Any) -> str:
        # A NUL must get its own sentence here, not the browser's form field's.
        return clean_text(value, max_length=self.max_length or 255)


def _text(label: Any, length: int, **attributes: Any) -> CleanField:
    widget = forms.TextInput(attrs={"autocomplete": "off"} | attributes)
    return CleanField(label=label, required=False, max_length=length, widget=widget)


def _choice(label: Any, choices: list[tuple[Any, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[_ANY, *choices])


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class DataForm(forms.Form):
    """The filters. Every field may be empty; its name is the one in the address."""

    q = _text(_("Search"), 100, type="search", placeholder=_("Name, V-number or e-mail"))
    event = _text(_("Event"), 300, list="events", placeholder=_("Name or code"))
    since = _day(_("From"))
    until = _day(_("Until"))
    classification = _choice(_("Classification"), [*Member.Classification.choices, (NONE, _("Not given"))])
    major = _text(_("Major"), 150, list="majors")
    method = _choice(_("Door"), [*Method.choices, (NONE, _("None"))])
    state = _choice(_("State"), list(Attendance.State.choices))
    who = _choice(_("Who"), [("member", _("Members")), ("guest", _("Guests"))])
    group = forms.ChoiceField(label=_("Group"), required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[("", ""), *((f"{sign}{name}", name) for name in ORDERS for sign in ("", DOWN))],
    )

    def __init__(self, asked: Any, *, by: Actor, **kwargs: Any) -> None:
        super().__init__(asked, use_required_attribute=False, **kwargs)
        known: list[tuple[str, Any]] = [(str(pk), name) for pk, name in groups_of(by).values_list("pk", "name")]
        if by.may(Permission.REPORTS):
            known.append((NONE, _("No group")))
        cast("forms.ChoiceField", self.fields["group"]).choices = [_ANY, *known]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        for name, day in (("since", since), ("until", until)):
            # Beyond, a day's neighbours in other time zones could not be told.
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                sentence = _("Choose a day between the years %(first)d and %(last)d.")
                self.add_error(name, sentence % {"first": FIRST_YEAR, "last": LAST_YEAR})
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        return found

    def asked(self, data: QueryDict) -> Asked:
        """Of a valid form; columns and the page's position come from the address alone."""
        found = self.cleaned_data
        sort = found["sort"] or DEFAULT_SORT
        chosen = set(data.getlist("col"))
        return Asked(
            **{name: found[name] for name in FILTERS},
            order=sort.removeprefix(DOWN),
            is_descending=sort.startswith(DOWN),
            # In their own order, and what is unknown left out.
            columns=tuple(column for column in COLUMNS if column in chosen) or DEFAULT_COLUMNS,
            after=_key(data.get("after")),
            before=_key(data.get("before")),
        )


def groups_of(actor: Actor) -> GroupQuerySet:
    """The groups whose attendance this actor may look through."""
    groups: GroupQuerySet = Group.objects.order_by("name", "pk")
    if actor.may(Permission.REPORTS):
        return groups
    return groups.filter(pk__in=actor.groups_where(Permission.REPORTS))


def _key(text: str | None) -> int:
    """-1 for what cannot be a row's key: the page says so then."""
    if not text:
        return 0
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and 0 < int(text) <= LARGEST_KEY else -1
