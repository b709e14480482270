"""Running the few statements that are written by hand, because a door's speed is decided by them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# Settings say it once; asking a connection takes longer than what depends on it.
POSTGRES: bool = connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def rows(statement: str, values: Sequence[Any], *, planned_anew: bool = False) -> list[Any]:
    """Run it with its values in place of each %s; the rows that come back.

    `planned_anew` is for statements whose best plan depends on the values: PostgreSQL settles for one plan for all
    when it has run a prepared one a few times.

    By the driver's own cursor. Django's is made anew for each statement, takes the text apart and checks what cannot
    be here; it serves when somebody counts or logs statements. Errors are Django's either way.
    """
    return _run(statement, values, fetch=True, planned_anew=planned_anew)


def execute(statement: str, values: Sequence[Any]) -> None:
    """As `rows`, for what gives none."""
    _run(statement, values, fetch=False)


def _run(statement: str, values: Sequence[Any], *, fetch: bool, planned_anew: bool = False) -> list[Any]:
    database = connections[DEFAULT_DB_ALIAS]
    if database.execute_wrappers or database.queries_logged:
        with database.cursor() as watched:
            watched.execute(statement, values)
            return watched.fetchall() if fetch else []
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        cursor = database.connection.cursor()
        try:
            if not POSTGRES:
                cursor.execute(_with_question_marks(statement), values)
            elif planned_anew:
                cursor.execute(statement, values, prepare=False)
            else:
                cursor.execute(statement, values)
            return cursor.fetchall() if fetch else []
        finally:
            cursor.close()


def in_transaction() -> bool:
    return connections[DEFAULT_DB_ALIAS].in_atomic_block


@cache
def _with_question_marks(statement: str) -> str:
    """As SQLite's driver wants it. Statements are this product's own, so there are few, and none holds a real %s."""
    return statement.replace("%s", "?")
