"""People who may sign in, and what the product keeps about its own work.

A user's role here holds everywhere; a role in one group is an `events.GroupRole`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Role
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.imports.records import ImportRow, ImportRun, ImportWrite

__all__ = ["Backup", "ExportRun", "ImportRow", "ImportRun", "ImportWrite", "ScheduledJob", "User", "Worker"]


class User(AbstractUser):
    role = models.CharField(
        _("role everywhere"),
        max_length=16,
        choices=Role.choices,
        blank=True,
        help_text=_("Holds in every group. Leave empty for people who work for single groups only."),
    )

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=["", *Role.values]), name="user_role_known"),
        ]


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, at: datetime) -> WorkerQuerySet:
        """Those heard of lately; what another has begun may be begun again."""
        return self.filter(seen_at__gt=at - Worker.SILENT)


class Worker(models.Model):
    """One thread that does background work: when it was last heard of. Gone once it has ended in order."""

    SILENT = timedelta(seconds=90)

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last heard of"))

    objects = WorkerQuerySet.as_manager()

    class Meta:
        db_table = "workers"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.name


class ScheduledJob(models.Model):
    """What `platform.schedule` remembers of one job: `worker` is who runs it now, or empty."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    started_at = models.DateTimeField(_("last begun"), null=True)
    finished_at = models.DateTimeField(_("last finished"), null=True)
    worker = models.CharField(_("run by"), max_length=64, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        db_table = "jobs"
        ordering = ["name"]
        verbose_name = _("scheduled job")
        verbose_name_plural = _("scheduled jobs")

    def __str__(self) -> str:
        return self.name


class Backup(models.Model):
    """A backup in the storage `backups`, as far as this database remembers; the file beside it knows the rest.

    `verified_at` is when it was last restored into a scratch database and compared; `problem` what was wrong then.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    made_at = models.DateTimeField(_("made"))
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    encrypted = models.BooleanField(_("encrypted"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True)
    problem = models.TextField(_("problem"), blank=True)

    class Meta:
        db_table = "backups"
        ordering = ["-made_at"]
        verbose_name = _("backup")
        verbose_name_plural = _("backups")

    def __str__(self) -> str:
        return self.name
