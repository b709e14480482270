"""What an import would do, as values: rows, records, changes. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Protocol, overload

from django.db import models
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.sheets import Problem


class RowState(models.TextChoices):
    NEW = "new", _("new")
    CHANGED = "changed", _("changed")
    SAME = "same", _("same")
    REPEATED = "repeated", _("repeated")  # about the same record as an earlier row, into which it was folded
    SKIPPED = "skipped", _("left out")  # likely a duplicate, and the operator said so
    ERROR = "error", _("with problems")


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Likely:
    """A record that may be the same as a new row's: stored (`pk`) or from an earlier line of the file (`line`).

    `record` counts in the plan's records; -1 where no row can be folded into it.
    """

    label: str
    reasons: tuple[str, ...]
    score: int
    pk: int | None = None
    line: int = 0
    record: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Written:
    """What an import did to one row of the database: kept, it can be shown and taken back.

    Values are as JSON can hold them (`plain`). `before` None: the row was made.
    """

    model_label: str
    pk: int
    line: int
    before: dict[str, Any] | None
    after: dict[str, Any]


def plain(value: Any) -> Any:
    """A field's value as JSON can hold it."""
    return value.isoformat() if isinstance(value, date) else value


class Stored(Protocol):
    """What is stored of a record: a dictionary, or a `StoredRow`."""

    @overload
    def get(self, name: str, /) -> Any: ...
    @overload
    def get(self, name: str, default: Any, /) -> Any: ...


_NOTHING: Stored = MappingProxyType({})


@dataclass(slots=True)
class Record:
    """Something stored (`pk`) or to be made (None): the values read while planning, and those the file gives it."""

    pk: int | None
    stored: Stored = field(default_factory=lambda: _NOTHING)
    values: dict[str, Any] = field(default_factory=dict)
    line: int = 0  # of the first row about it; 0 while no row is

    def get(self, name: str) -> Any:
        return self.values[name] if name in self.values else self.stored.get(name)

    def take(self, values: Mapping[str, Any]) -> Set[str]:
        """Give it these values; which of them it did not have. What is stored anyway is not kept a second time."""
        if self.pk is None and not self.values:
            self.values = dict(values)
            return values.keys()
        new = {name: value for name, value in values.items() if self.get(name) != value}
        for name, value in new.items():
            if self.pk is not None and self.stored.get(name) == value:
                del self.values[name]  # an earlier row had it otherwise
            else:
                self.values[name] = value
        return new.keys()

    @property
    def changed(self) -> dict[str, Any]:
        """The new values of a stored record, by field; {} for a new one."""
        if self.pk is None or not self.values:
            return {}
        known = self.stored.get
        return {name: value for name, value in self.values.items() if known(name) != value}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would change of a stored record; () for a new one."""
        return tuple(Change(name, self.stored.get(name), new) for name, new in self.changed.items())


@dataclass(slots=True)
class PlannedRow:
    """One row of the file and what becomes of it. `record` counts in the plan's records (-1: none)."""

    line: int
    state: RowState
    label: str = ""
    record: int = -1
    problems: tuple[Problem, ...] = ()
    likely: tuple[Likely, ...] = ()
    notes: tuple[str, ...] = ()
    also: tuple[tuple[int, int], ...] = ()  # (part, record): what the row makes or changes beside its record


@dataclass(slots=True)
class Plan:
    """What an import would do; nothing is written. `fatal`: the file could not be read, nothing can be applied.

    `parts` hold records of other kinds that the rows bring along, as a joined file does; they have no rows themselves.
    """

    header: tuple[str, ...] = ()
    rows: list[PlannedRow] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    fatal: Problem | None = None
    parts: tuple[Plan, ...] = ()
    prefix: str = ""  # of the fields, where the plan is a part

    @property
    def counts(self) -> dict[RowState, int]:
        """Every state's rows; together they are the rows of the file that hold anything."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in RowState}

    @property
    def problems(self) -> Iterator[Problem]:
        if self.fatal is not None:
            yield self.fatal
        for row in self.rows:
            yield from row.problems

    def changes_of(self, row: PlannedRow) -> tuple[Change, ...]:
        changes = self.records[row.record].changes if row.state is RowState.CHANGED else ()
        for part, record in row.also:
            found = self.parts[part].records[record].changes
            changes += tuple(Change(self.parts[part].prefix + change.field, change.old, change.new) for change in found)
        return changes

    @property
    def fingerprint(self) -> str:
        """The same for two plans that would write the same: what was shown is what is confirmed."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(f"{row.line} {row.state}\n".encode())
        for record in self.records:
            if record.line:
                digest.update(repr((record.pk, record.changes or sorted(record.values.items()))).encode())
        for part in self.parts:
            digest.update(part.fingerprint.encode())
        return digest.hexdigest()
