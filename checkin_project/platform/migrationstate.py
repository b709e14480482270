"""Which migrations the database still lacks."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

_complete: set[str] = set()


def missing_migrations() -> list[str]:
    """Names of the migrations that are not applied, in order.

    A database that once had all of them keeps them while this code runs, so a good answer is remembered.
    """
    name = str(connection.settings_dict["NAME"])
    if name in _complete:
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        _complete.add(name)
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
