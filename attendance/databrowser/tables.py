"""What is filtered, in its order, as a table for files: with the chosen columns, or as older spreadsheets had it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Case, F, Q, When
from django.db.models.expressions import OrderBy

from attendance.databrowser.asked import Asked
from attendance.databrowser.columns import COLUMNS
from attendance.databrowser.filters import matching
from attendance.databrowser.orders import ORDERS
from attendance.databrowser.sources import Source, facts_of, named
from attendance.exports import DATABROWSER
from attendance.models import Attendance
from checkin_project.platform.access import Actor
from checkin_project.platform.background import STATEMENT_SECONDS
from checkin_project.platform.exports import Cell, Table, stream

NAME = "data"
LEGACY_NAME = "databrowser"


def table(asked: Asked, actor: Actor, source: Source, *, as_legacy: bool = False) -> Table:
    """Every row that matches, whatever page is being looked at. One statement, read as it is written.

    The older shape knows check-ins only, so people who did not come are left out of it.
    """
    columns = DATABROWSER if as_legacy else asked.columns

    def rows() -> Iterator[list[Cell]]:
        found = matching(asked, actor, source).rows
        if as_legacy:
            found = found.filter(state=Attendance.State.ATTENDED)
        cells = [COLUMNS[column].cell for column in columns]
        with _in_peace():
            for values in stream(facts_of(source, found.order_by(*whole_order(asked, source)))):
                facts = named(values)
                yield [cell(facts) for cell in cells]

    return Table(LEGACY_NAME if as_legacy else NAME, columns, rows)


@contextmanager
def _in_peace() -> Iterator[None]:
    """Sorting a million rows may take longer than a page's statement may; the file's first bytes are on their way."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
        yield


def whole_order(asked: Asked, source: Source) -> list[OrderBy]:
    """All phases of the order at once: what is missing comes last whichever way it runs."""
    first, *rest = ORDERS[asked.order].phases
    order: list[OrderBy] = []
    if first.fact:
        is_missing = Q(**{f"{source.path(first.fact)}__isnull": True})
        order.append(Case(When(is_missing, then=1), default=0).asc())
    # Where the first phase's facts are missing they are all alike, and the second phase's keys decide.
    keys = [*first.keys[:-1], *(key for phase in rest for key in phase.keys[:-1]), first.keys[-1]]
    order += [F(source.path(key)).desc() if asked.is_descending else F(source.path(key)).asc() for key in keys]
    return order
