"""Thousands of rows at once, without a model's instance for each: by COPY on PostgreSQL, by `executemany` on SQLite.

The caller answers for the values: they are clean, and neither `save()` nor, but for `create`, `pre_save()` nor a signal
sees them. Constraints hold as ever, and errors are Django's. To be called inside a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import RawSQL

_CHANGES = "bulk_changes"
_SOME = 5000
# One value for all keys: a statement may hold some thousand marks only.
_AMONG = {"postgresql": "= ANY(%s::bigint[])", "sqlite": "IN (SELECT value FROM json_each(%s))"}
# What their values are in Python is what the driver wants.
_SIMPLE_FIELDS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField, models.ForeignKey)

Field = models.Field[Any, Any]


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """Ascending primary keys that nobody else gets, for rows to be inserted in this transaction."""
    connection = _connection(model)
    table, key = model._meta.db_table, _key(model).column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(sequence, [_quote(connection)(table), key, count])
            return sorted(number for (number,) in cursor.fetchall())
        # Whoever writes has SQLite for itself, and rows that come with keys move the table's counter on.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = next((int(row[0]) for row in cursor.fetchall()), 0)
    return list(range(last + 1, last + 1 + count))


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows whose values come in the order of `names`, the model's fields."""
    connection = _connection(model)
    fields = [_field(model, name) for name in names]
    prepare = [_prepare(field, connection) for field in fields]
    odd = [(place, one) for place, one in enumerate(prepare) if one is not None]

    def prepared() -> Iterator[Sequence[Any]]:
        for row in rows:
            cells = list(row)
            for place, one in odd:
                cells[place] = one(cells[place])
            yield cells

    quote = _quote(connection)
    table, columns = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    if connection.vendor == "postgresql":
        _copy(connection, f"COPY {table} ({columns}) FROM STDIN", prepared())
        return
    marks = ", ".join(["%s"] * len(fields))
    _execute_many(connection, f"INSERT INTO {table} ({columns}) VALUES ({marks})", prepared())  # noqa: S608 (own names)


def create(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """As `bulk_create()`: insert instances, cleaned by their fields, and give them their keys."""
    fields, alias = model._meta.concrete_fields, router.db_for_write(model)
    for row, key in zip(rows, reserve_keys(model, len(rows)), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, alias
    insert(model, [field.name for field in fields], ([field.pre_save(row, True) for field in fields] for row in rows))


def update(
    model: type[models.Model],
    names: Sequence[str],
    changes: Iterable[tuple[int, Mapping[str, Any]]],
    common: Mapping[str, Any],
) -> None:
    """Give rows, by primary key, new values in the fields that their mapping holds, all of `names`; and all `common`.

    A field that a row's mapping does not hold stays as the database has it, whoever wrote it meanwhile.
    """
    connection = _connection(model)
    fields = [_field(model, name) for name in names]
    shared = [_field(model, name) for name in common]
    values = [field.get_db_prep_save(common[field.name], connection) for field in shared]
    rows = _changed_rows(fields, changes, connection)
    if connection.vendor == "postgresql":
        _update_by_copy(connection, model, fields, rows, (shared, values))
    else:
        _update_one_by_one(connection, model, fields, rows, (shared, values))


def _changed_rows(
    fields: Sequence[Field], changes: Iterable[tuple[int, Mapping[str, Any]]], connection: BaseDatabaseWrapper
) -> Iterator[list[Any]]:
    """Of each row its key, which fields are new (a bit for each), and their values."""
    columns = [(field.name, 1 << place, _prepare(field, connection)) for place, field in enumerate(fields)]
    for key, values in changes:
        mask, cells = 0, []
        for name, bit, prepare in columns:
            value = None
            if name in values:
                mask |= bit
                value = values[name] if prepare is None else prepare(values[name])
            cells.append(value)
        yield [key, mask, *cells]


Shared = tuple[Sequence[Field], Sequence[Any]]


def _update_by_copy(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    fields: Sequence[Field],
    rows: Iterable[Sequence[Any]],
    shared: Shared,
) -> None:
    """All of it into a temporary table, then one UPDATE."""
    quote = _quote(connection)
    table, key = quote(model._meta.db_table), quote(_key(model).column)
    columns = [quote(field.column) for field in fields]
    sets = [
        f"{column} = CASE WHEN new.mask & {1 << place} <> 0 THEN new.{column} ELSE old.{column} END"
        for place, column in enumerate(columns)
    ]
    sets += [f"{quote(field.column)} = %s" for field in shared[0]]
    kept = ", ".join([key, "0::bigint AS mask", *columns])
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {_CHANGES} ON COMMIT DROP AS SELECT {kept} FROM {table} WITH NO DATA")  # noqa: S608 (own names)
        _copy(connection, f"COPY {_CHANGES} FROM STDIN", rows)
        cursor.execute(f"ANALYZE {_CHANGES}")
        statement = f"UPDATE {table} AS old SET {', '.join(sets)} FROM {_CHANGES} AS new WHERE old.{key} = new.{key}"  # noqa: S608 (own names)
        cursor.execute(statement, shared[1])
        # At once: the transaction may go on, with more of the same.
        cursor.execute(f"DROP TABLE {_CHANGES}")


def _update_one_by_one(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    fields: Sequence[Field],
    rows: Iterable[Sequence[Any]],
    shared: Shared,
) -> None:
    quote = _quote(connection)
    columns = [quote(field.column) for field in fields]
    sets = [f"{column} = CASE WHEN %s THEN %s ELSE {column} END" for column in columns]
    sets += [f"{quote(field.column)} = %s" for field in shared[0]]
    table, key = quote(model._meta.db_table), quote(_key(model).column)

    def parameters() -> Iterator[list[Any]]:
        for number, mask, *cells in rows:
            pairs = [part for place, cell in enumerate(cells) for part in (mask >> place & 1, cell)]
            yield [*pairs, *shared[1], number]

    _execute_many(connection, f"UPDATE {table} SET {', '.join(sets)} WHERE {key} = %s", parameters())  # noqa: S608 (own names)


def keep_history(model: type[models.Model], keys: Sequence[int], facts: Mapping[str, Any]) -> None:
    """Write these rows as they now stand into the model's history, in the order of their keys.

    `facts` are the history's own fields: history_date, history_type, history_user_id, history_change_reason.
    """
    connection = _connection(model)
    quote = _quote(connection)
    history = model.history.model  # type: ignore[attr-defined]
    copied = [quote(field.column) for field in history.tracked_fields]
    own = [field for field in history._meta.concrete_fields if field.attname in facts]
    columns = ", ".join([*copied, *(quote(field.column) for field in own)])
    table, key = quote(model._meta.db_table), quote(_key(model).column)
    postgres = connection.vendor == "postgresql"
    given = ", ".join([*copied, *(f"%s::{field.db_type(connection)}" if postgres else "%s" for field in own)])
    statement = (
        f"INSERT INTO {quote(history._meta.db_table)} ({columns}) "  # noqa: S608 (own names)
        f"SELECT {given} FROM {table} WHERE {key} {_AMONG[connection.vendor]} ORDER BY {key}"
    )
    values = [field.get_db_prep_save(facts[field.attname], connection) for field in own]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, _listed(keys, connection)])


def among(model: type[models.Model], keys: Sequence[int]) -> RawSQL:
    """A condition for `filter()`: the primary key is one of these, however many they are."""
    connection = _connection(model)
    quote = _quote(connection)
    statement = f"{quote(model._meta.db_table)}.{quote(_key(model).column)} {_AMONG[connection.vendor]}"
    return RawSQL(statement, [_listed(keys, connection)], models.BooleanField())  # noqa: S611 (own names)


def _listed(keys: Sequence[int], connection: BaseDatabaseWrapper) -> Any:
    # As text: the driver would make an object of each number.
    return f"{{{','.join(map(str, keys))}}}" if connection.vendor == "postgresql" else json.dumps(list(keys))


def _copy(connection: BaseDatabaseWrapper, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _execute_many(connection: BaseDatabaseWrapper, statement: str, rows: Iterator[Sequence[Any]]) -> None:
    # By the thousand: Django's cursor keeps all that it is given until the end.
    with connection.cursor() as cursor:
        while some := list(islice(rows, _SOME)):
            cursor.executemany(statement, some)


def _connection(model: type[models.Model]) -> BaseDatabaseWrapper:
    return connections[router.db_for_write(model)]


def _quote(connection: BaseDatabaseWrapper) -> Callable[[str | None], str]:
    """A column's name is None for fields that have none, which nobody gives us."""
    return lambda name: connection.ops.quote_name(str(name))


def _key(model: type[models.Model]) -> Field:
    return model._meta.pk


def _field(model: type[models.Model], name: str) -> Field:
    return cast("Field", model._meta.get_field(name))


def _prepare(field: Field, connection: BaseDatabaseWrapper) -> Callable[[Any], Any] | None:
    """What turns a field's values into what the driver wants; None where nothing has to be done.

    Most rows hold the value of the row before (a moment, an empty mapping), which is then not turned again.
    """
    if isinstance(field, _SIMPLE_FIELDS):
        return None
    last: list[Any] = [None, field.get_db_prep_save(None, connection)]

    def prepare(value: Any) -> Any:
        if value is not last[0]:
            last[:] = value, field.get_db_prep_save(value, connection)
        return last[1]

    return prepare
