"""The schedule: what runs when. Every app adds its jobs here, a line each; workers run them (`platform/worker.py`)."""

from __future__ import annotations

from checkin_project.platform import taskqueue
from checkin_project.platform.schedule import Job, daily

JOBS: tuple[Job, ...] = (
    Job("prune_tasks", taskqueue.prune, daily(hour=4)),
)  # fmt: skip
