"""Rows whose key is among many: one array in the statement, instead of a parameter for each key."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Field, ForeignObject, Lookup, Q, QuerySet

# So many keys are put into a statement, which lets PostgreSQL see how few they are. Beyond, the query for them is.
MOST_KEYS = 10_000


# Relations inherit no lookups from fields.
@ForeignObject.register_lookup
@Field.register_lookup
class AmongKeys(Lookup[Any]):
    """`key__among_keys=[1, 2, 3]`."""

    lookup_name = "among_keys"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(self.rhs))  # noqa: S608 - a column

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::bigint[])", (*values, self.rhs)


def keys_or_query(rows: QuerySet[Any]) -> Any:
    """The keys themselves where they are few, else the query for them."""
    keys = list(rows.order_by().values_list("pk", flat=True)[: MOST_KEYS + 1])
    return keys if len(keys) <= MOST_KEYS else rows.order_by().values("pk")


def among(path: str, keys: Any) -> Q:
    """`keys` as `keys_or_query` gave them."""
    return Q(**{f"{path}__{'among_keys' if isinstance(keys, list) else 'in'}": keys})
