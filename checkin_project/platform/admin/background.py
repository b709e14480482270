"""What runs without anybody looking: jobs by the clock, tasks, backups. To look at only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks_db import admin as tasks_admin
from django_tasks_db.models import DBTaskResult, get_date_max

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin.visible import VisibleAdmin
from checkin_project.platform.adminsite import Panel
from checkin_project.platform.logs import clean
from checkin_project.platform.models import Backup, ScheduledJob
from checkin_project.platform.upkeep import states


def upkeep_panel(request: HttpRequest) -> Panel | None:
    """A part of the start page, for administrators."""
    found = states(request_actor(request), at=timezone.now())
    return Panel("admin/_upkeep.html", {"states": found}) if found else None


class LookOnlyAdmin(VisibleAdmin):
    view_needs = Permission.SETTINGS
    actions = None


@admin.register(ScheduledJob)
class ScheduledJobAdmin(LookOnlyAdmin):
    list_display = ["name", "state", "started_at", "finished_at", "failures", "error"]
    fields = ["name", "state", "started_at", "finished_at", "failures", "error"]

    @admin.display(description=gettext_lazy("state"))
    def state(self, job: ScheduledJob) -> str:
        if job.worker:
            return _("running")
        return _("failed, will be tried again") if job.error else _("done")


# The package's own page shows arguments and tracebacks, and knows no roles. Importing its module registered it.
assert tasks_admin  # noqa: S101  the import is needed
admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(LookOnlyAdmin):
    list_display = ["what", "status", "enqueued_at", "due_at", "started_at", "finished_at", "starts", "error"]
    fields = ["what", "status", "enqueued_at", "due_at", "started_at", "finished_at", "starts", "error"]
    list_filter = ["status"]
    ordering = ["-enqueued_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # What a task was given and what it answered may be about people, and may be long.
        rows: QuerySet[Any] = super().get_queryset(request).defer("args_kwargs", "return_value")
        return rows

    @admin.display(description=gettext_lazy("task"), ordering="task_path")
    def what(self, task: DBTaskResult[..., Any]) -> str:
        return str(task.task_path).rsplit(".", 1)[-1]

    @admin.display(description=gettext_lazy("not before"), ordering="run_after")
    def due_at(self, task: DBTaskResult[..., Any]) -> Any:
        return None if task.run_after == get_date_max() else task.run_after

    @admin.display(description=gettext_lazy("starts"))
    def starts(self, task: DBTaskResult[..., Any]) -> int:
        return len(task.worker_ids)

    @admin.display(description=gettext_lazy("error"))
    def error(self, task: DBTaskResult[..., Any]) -> str:
        last = task.traceback.strip().rsplit("\n", 1)[-1]
        return clean(last)


@admin.register(Backup)
class BackupAdmin(LookOnlyAdmin):
    list_display = ["made_at", "bytes", "verified_at", "encrypted", "problem", "name"]
    fields = ["name", "made_at", "bytes", "encrypted", "verified_at", "problem", "sha256"]

    @admin.display(description=gettext_lazy("size"), ordering="size")
    def bytes(self, backup: Backup) -> str:
        return filesizeformat(backup.size)
