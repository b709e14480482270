"""The schedule: what runs when. Every app adds its jobs here, a line each; workers run them (`platform/worker.py`)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from attendance.databrowser.materialised import refresh_when_settled
from checkin_project.platform import taskqueue
from checkin_project.platform.backups import making
from checkin_project.platform.exports.daily import prune_old, store_daily
from checkin_project.platform.exports.storing import restart_stranded
from checkin_project.platform.imports import runs as import_runs
from checkin_project.platform.schedule import Job, daily, every
from events.models import Event

OPEN_MINUTES = 15


def while_open(last: datetime | None, now: datetime) -> bool:
    """Every quarter of an hour while people may check in somewhere."""
    return every(minutes=OPEN_MINUTES)(last, now) and Event.objects.open_for_check_in(now).exists()


JOBS: tuple[Job, ...] = (
    Job("backup", making.make, while_open),
    Job("backup_verified", partial(making.make, verify=True), daily(hour=2)),
    Job("prune_tasks", taskqueue.prune, daily(hour=4)),
    Job("daily_exports", store_daily, daily(hour=3)),
    Job("restart_exports", restart_stranded, every(minutes=15)),
    Job("prune_exports", prune_old, daily(hour=4, minute=30)),
    Job("prune_imports", import_runs.prune, daily(hour=4, minute=45)),
    Job("refresh_databrowser", refresh_when_settled, every(minutes=1)),
)  # fmt: skip
