"""A scope's events as a table inside a statement, so that the database counts by what only Python knows.

Which month an event falls in depends on its own time zone, and SQLite knows none. So Python says it, event by event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from checkin_project.platform import statements
from checkin_project.platform.statements import POSTGRES


def relation(**columns: Sequence[int]) -> tuple[str, list[Any]]:
    """`s` with these columns of whole numbers, for the FROM of a statement, and the values it takes.

    The statement's text depends on the names of the columns alone, so that it is prepared once.
    """
    if POSTGRES:
        arrays = ", ".join(["%s::bigint[]"] * len(columns))
        return f"unnest({arrays}) AS s({', '.join(columns)})", [list(values) for values in columns.values()]
    cells = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(columns))
    lines = json.dumps(list(zip(*columns.values(), strict=True)))
    return f"(SELECT {cells} FROM json_each(%s)) AS s", [lines]


def among(event_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """The condition that attendance `a` is of one of these events, and the value it takes.

    Where a statement needs nothing else of its events: looking one up in a list is cheaper than a join.
    """
    if POSTGRES:
        return "a.event_id = ANY(%s::bigint[])", [list(event_ids)]
    return "a.event_id IN (SELECT value FROM json_each(%s))", [json.dumps(list(event_ids))]


def rows(statement: str, values: Sequence[Any]) -> list[Any]:
    """What the statement finds. How many events it is about decides between reading everything and an index."""
    return statements.rows(statement, values, planned_anew=True)
