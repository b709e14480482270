"""What an app says of its records so that they can be imported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from checkin_project.platform.imports.plan import Likely, Record
from checkin_project.platform.sheets import Problem


class Reading(Protocol):
    """One row, cleaned by an app. `problems` are (field, reason)."""

    values: dict[str, Any]
    problems: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a row belongs: a record's number, None for a new record, or (field, reason) why neither."""

    record: int | None = None
    problems: tuple[tuple[str, str], ...] = ()
    likely: tuple[Likely, ...] = ()
    notes: tuple[str, ...] = ()


M = TypeVar("M", bound=models.Model)
R = TypeVar("R", bound=Reading)
T = TypeVar("T")


def batches(items: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class Importer(ABC, Generic[M, R]):
    """What one kind of record needs to be imported. Serves one plan, then its `apply_plan`."""

    model: type[M]
    aliases: Mapping[str, str]  # heading key → field
    needs: tuple[frozenset[str], ...]  # of each set, one field must have a column
    parts: tuple[type[models.Model], ...] = ()  # what is written with a record and goes with it
    # Set by the database on every save; a new record gets the file's values afterwards.
    automatic: tuple[str, ...] = ("created_at", "updated_at")
    # Is a new record's row that of `build({})` with the values put in, clean as `read` left them? Then records are
    # written as rows, many times faster than as instances, and `finish_rows` is asked in place of `finish`.
    by_rows = False

    def __init__(self) -> None:
        self.records: list[Record] = []

    @abstractmethod
    def load(self) -> None:
        """Fill `records` with what is stored, and the look-ups of `place`, in a fixed number of queries."""

    @abstractmethod
    def read(self, cells: Mapping[str, str], unknown: Mapping[str, str]) -> R: ...

    @abstractmethod
    def place(self, reading: R) -> Placement: ...

    @abstractmethod
    def merge(self, number: int, reading: R) -> None:
        """Fold the row into `records[number]`, blank cells aside, and let later rows find the record by it."""

    @abstractmethod
    def label(self, record: Record) -> str: ...

    @abstractmethod
    def taken(self, records: Sequence[Record]) -> Iterator[Problem]:
        """Which of these belong to something stored since the plan was made? Asked just before they are written."""

    @abstractmethod
    def build(self, values: Mapping[str, Any]) -> M: ...

    @abstractmethod
    def finish(self, created: Sequence[M], updated: Sequence[M]) -> None:
        """Write what hangs on the records, in the same transaction."""

    def finish_rows(self, keys: Sequence[int], created: Sequence[Record], updated: Sequence[Record]) -> None:
        """As `finish`, for `by_rows`: `keys` are those of the created records."""

    def held(self, pks: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Records that an undo must leave, beside those that were edited or are referred to: number and reason."""
        yield from ()

    def describe(self, record: Record) -> str:
        """A record in a sentence: its name, and its line when it comes from the file."""
        if record.pk is None:
            return _("%(name)s (line %(line)d)") % {"name": self.label(record), "line": record.line}
        return self.label(record)
