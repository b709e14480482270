"""The kinds of files that can be imported: apps register theirs, doors ask here and know no app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from checkin_project.platform.access import Actor
from checkin_project.platform.imports.applying import ImportReport
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.plan import Plan, Written
from checkin_project.platform.legacy import field_of
from checkin_project.platform.sheets import Problem, Sheet

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

__all__ = ["Duplicates", "Import", "Kind", "Options", "kind", "kinds", "recognised", "register"]

Progress = Callable[[int], None]


class Import(Protocol):
    """One import of one file with its options: planned, applied, and perhaps taken back."""

    def plan(self, sheet: Sheet, *, progress: Progress | None = None) -> Plan:
        """What importing `sheet` would do; nothing is written. `progress` hears the number of rows read so far."""

    def apply(self, plan: Plan, *, by: Actor, at: datetime, progress: Progress | None = None) -> ImportReport:
        """Write exactly what `plan` shows, in one transaction, or nothing."""

    def undo(self, written: Iterable[Written], *, by: Actor, at: datetime) -> list[Problem]:
        """Take back what a run wrote, all of it or, when the list is not empty, nothing: each refusal is named."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape of files. `fields` are what a column may stand for; `needs`: of each set, one must have a column."""

    name: str
    label: _StrOrPromise
    fields: Mapping[str, _StrOrPromise]
    aliases: Mapping[str, str]  # heading key → field
    needs: Sequence[frozenset[str]]
    make: Callable[[Options], Import]
    creates_missing: bool = False  # does `Options.create_missing` mean anything to it?

    def known(self, header: Iterable[str]) -> frozenset[str]:
        """The fields that these headings stand for."""
        return frozenset(filter(None, (field_of(heading, self.aliases) for heading in header)))


_kinds: dict[str, Kind] = {}


def register(new: Kind) -> None:
    """Make a kind known; a later one of the same name takes its place."""
    _kinds[new.name] = new


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kind(name: str) -> Kind:
    """Raises KeyError for an unknown name."""
    return _kinds[name]


def recognised(header: Sequence[str]) -> Kind | None:
    """The kind that understands most of these headings, or None when none has all that it needs.

    A joined file holds columns of several kinds, and a file of one kind has headings that others know, too. Of kinds
    that understand equally many headings the narrower one is meant: the one with fewer fields that the file lacks.
    """
    found = []
    for order, candidate in enumerate(_kinds.values()):
        known = candidate.known(header)
        if all(choice & known for choice in candidate.needs):
            headings = sum(bool(field_of(heading, candidate.aliases)) for heading in header)
            found.append((-headings, len(candidate.fields) - len(known), order, candidate))
    return min(found, key=lambda entry: entry[:3])[3] if found else None
