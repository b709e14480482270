"""What is in a database, by plain SQL: it may be older than this code, or a copy that Django has never seen."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
from psycopg import sql

from checkin_project.platform.backups.manifest import Contents, Table

# Rows of these are no records: they come with the schema, or say what the program itself is doing.
NOT_RECORDS = frozenset(
    {
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "django_session",
        "django_tasks_database_dbtaskresult",
        "backups",
        "jobs",
        "workers",
    }
)
_CHECKSUM = sql.SQL("to_hex(mod(coalesce(sum(hashtextextended(t::text, 0)::numeric), 0), 9223372036854775807)::bigint)")


def of_sqlite(database: sqlite3.Connection) -> Contents:
    # A page-by-page copy is checked by its file's checksum and `PRAGMA integrity_check`.
    tables = {}
    for name in sqlite_tables(database):
        columns = database.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
        moments = [_quoted(column[1]) for column in columns if str(column[2]).lower().startswith("datetime")]
        tables[name] = _table(database.execute(f"SELECT {_asked(moments)} FROM {_quoted(name)}").fetchone())  # noqa: S608
    applied: list[Any] = []
    if "django_migrations" in tables:
        applied = database.execute("SELECT app, name FROM django_migrations").fetchall()
    return Contents(tables, _migrations(applied))


def sqlite_tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return sorted(name for (name,) in found if not name.startswith("sqlite_"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _asked(moments: list[str]) -> str:
    return ", ".join(["count(*)", *(f"max({column})" for column in moments)])


def of_postgres(database: psycopg.Connection[Any], *, checksums: bool) -> Contents:
    """One pass over each table. With `checksums` every value is read, which takes about ten times as long."""
    # What a row reads like as text depends on these.
    database.execute("SET TIME ZONE 'UTC'")
    database.execute("SET datestyle = 'ISO, YMD'")
    database.execute("SET extra_float_digits = 1")
    names = postgres_tables(database)
    tables = {}
    for name in names:
        moments = database.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = %s AND data_type LIKE 'timestamp%%' ORDER BY ordinal_position",
            [name],
        ).fetchall()
        asked = [sql.SQL("count(*)"), *(sql.SQL("max({})").format(sql.Identifier(column)) for (column,) in moments)]
        if checksums:
            asked.append(_CHECKSUM)
        statement = sql.SQL("SELECT {} FROM {} AS t").format(sql.SQL(", ").join(asked), sql.Identifier(name))
        row = list(database.execute(statement).fetchone() or [0])
        checksum = str(row.pop()) if checksums else None
        tables[name] = _table(row, checksum)
    applied: list[Any] = []
    if "django_migrations" in tables:
        applied = database.execute("SELECT app, name FROM django_migrations").fetchall()
    return Contents(tables, _migrations(applied))


def postgres_tables(database: psycopg.Connection[Any]) -> list[str]:
    found = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
    return sorted(str(name) for (name,) in found)


def _table(row: Any, checksum: str | None = None) -> Table:
    count, *moments = row
    known = [moment if isinstance(moment, str) else moment.isoformat() for moment in moments if moment is not None]
    return Table(int(count), max(known, default=None), checksum)


def _migrations(applied: list[Any]) -> tuple[str, ...]:
    return tuple(sorted(f"{app}.{name}" for app, name in applied))


def records_in(contents: Contents) -> list[str]:
    """Names of the tables that hold records of people's."""
    return [name for name, table in contents.tables.items() if table.rows and name not in NOT_RECORDS]


def differences(expected: Contents, found: Contents) -> list[str]:
    """What is not as expected, one sentence for each table."""
    if expected.migrations != found.migrations:
        return ["The migrations differ."]
    wrong = []
    for name in sorted({*expected.tables, *found.tables}):
        wanted, got = expected.tables.get(name), found.tables.get(name)
        if wanted is None or got is None:
            wrong.append(f"Table {name} is {'missing' if got is None else 'too much'}.")
        elif wanted.rows != got.rows:
            wrong.append(f"Table {name} has {got.rows} rows instead of {wanted.rows}.")
        elif wanted.newest != got.newest:
            wrong.append(f"The newest row of table {name} is of {got.newest} instead of {wanted.newest}.")
        elif None not in (wanted.checksum, got.checksum) and wanted.checksum != got.checksum:
            wrong.append(f"The rows of table {name} are not the same ones.")
    return wrong
