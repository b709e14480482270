"""What every export is: a name, headings, and rows that are read when they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

Cell = str | int | float | bool | Decimal | date | datetime | None
Row = Sequence[Cell]

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """`name` becomes part of the file's name ("members"); `rows` may be asked once for each time it is written.

    Moments know their zone and are written with its offset.
    """

    name: str
    headings: tuple[str, ...]
    rows: Callable[[], Iterable[Row]]


def stream(rows: QuerySet[Any, Any]) -> Iterator[Any]:
    """The rows of one query, in parts from a cursor in the database: one statement is one snapshot.

    Memory stays the same however many there are.
    """
    with _cursor_stays(rows.db):
        yield from rows.iterator(chunk_size=_AT_ONCE)


def _cursor_stays(alias: str) -> AbstractContextManager[Any]:
    """Outside a transaction PostgreSQL works out all rows before it hands out the first.

    SQLite hands out each as it is found, and a transaction would lock all doors out.
    """
    return transaction.atomic(using=alias) if connections[alias].vendor == "postgresql" else nullcontext()
