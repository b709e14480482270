"""The data browser's first page among a million rows. Built beside the doors, which go on writing."""

from typing import Any

from django.db import migrations, models


class AddIndexBesideTheDoors(migrations.AddIndex):
    """As AddIndex, but PostgreSQL builds it concurrently: no write waits. What an attempt left behind is replaced."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        # It reads the whole table, and waits for transactions that began before.
        schema_editor.execute("SET statement_timeout = 0")
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        schema_editor.add_index(model, self.index, concurrently=True)
        schema_editor.execute("RESET statement_timeout")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("attendance", "0005_saved_views")]

    operations = [
        AddIndexBesideTheDoors(
            model_name="attendance",
            index=models.Index(
                fields=["-checked_in_at", "-id"],
                condition=models.Q(checked_in_at__isnull=False),
                name="attendance_by_time",
            ),
        ),
    ]
