"""Exports that are kept: one row for each file that was, is or will be in the storage `exports`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor, Permission, Role
from checkin_project.platform.exports.formats import FORMATS
from checkin_project.platform.exports.registry import find

if TYPE_CHECKING:
    from datetime import datetime


class ExportRunQuerySet(models.QuerySet["ExportRun"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own; administrators see everybody's. What is being deleted is gone."""
        rows = self.exclude(state=ExportRun.State.DELETING)
        if actor.role == Role.ADMINISTRATOR:
            return rows
        if actor.user_id is None or not actor.may_somewhere(Permission.REPORTS):
            return rows.none()
        return rows.filter(requested_by=actor.user_id)

    def stranded(self, at: datetime) -> Self:
        """Those nobody works on although somebody should: their task was lost, or could not be begun."""
        late, state = at - ExportRun.PATIENCE, ExportRun.State
        quiet = Q(state__in=[state.WAITING, state.RUNNING, state.DELETING], touched_at__lt=late)
        return self.filter(quiet | Q(state=state.RETRYING, next_attempt_at__lt=late))


class ExportRun(models.Model):
    """A table on its way to the storage. `key` is made by the server and never by anybody's input.

    `ticket` numbers the background tasks that were begun for this row: only the newest may work on it.
    """

    PATIENCE = timedelta(hours=1)

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        STORED = "stored", _("Stored")
        RETRYING = "retrying", _("Will be tried again")
        FAILED = "failed", _("Failed")
        DELETING = "deleting", _("Being deleted")

    UNSTORED = (State.RETRYING, State.FAILED)

    class Origin(models.TextChoices):
        PERSON = "person", _("by hand")
        ADMIN = "admin", _("from a list in the admin")
        COMMAND = "command", _("by command")
        CLOSING = "closing", _("when the event closed")
        SCHEDULE = "schedule", _("every day")

    name = models.CharField(_("export"), max_length=64)
    format = models.CharField(_("format"), max_length=8)
    params = models.JSONField(_("limited to"), default=dict, blank=True)
    about = models.CharField(_("what it is about"), max_length=200, blank=True)
    origin = models.CharField(_("begun"), max_length=8, choices=Origin.choices, default=Origin.PERSON)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requested by"),
        db_index=False,
    )
    # Not the same as nobody: whose account is gone leaves a run that may see nothing.
    by_system = models.BooleanField(_("by the site itself"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    key = models.CharField(_("name in the storage"), max_length=200, unique=True)
    rows = models.PositiveBigIntegerField(_("rows"), null=True)
    size = models.PositiveBigIntegerField(_("bytes"), null=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    ticket = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    error = models.CharField(_("last error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("requested"))
    touched_at = models.DateTimeField(_("last changed"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = ExportRunQuerySet.as_manager()

    class Meta:
        db_table = "export_runs"
        ordering = ["-created_at", "-pk"]
        verbose_name = _("stored export")
        verbose_name_plural = _("stored exports")
        indexes = [
            models.Index(fields=["requested_by", "-created_at"], name="export_runs_of_somebody"),
            models.Index(fields=["-created_at"], name="export_runs_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "stored", "retrying", "failed", "deleting"]),
                name="export_run_state_known",
            ),
            models.CheckConstraint(condition=Q(format__in=FORMATS), name="export_run_format_known"),
            models.CheckConstraint(
                condition=~Q(state="stored")
                | (Q(rows__isnull=False, size__isnull=False, finished_at__isnull=False) & ~Q(sha256="")),
                name="export_run_stored_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="retrying") | Q(next_attempt_at__isnull=False), name="export_run_retry_has_a_time"
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="export_run_failure_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.format})"

    @property
    def label(self) -> str:
        """What the export is called; its name when no such export exists any more."""
        export = find(self.name)
        return str(export.label) if export else self.name

    @property
    def rows_text(self) -> str:
        return formats.number_format(self.rows or 0, force_grouping=True)

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING, self.State.RETRYING)

    @property
    def may_be_retried(self) -> bool:
        return self.state in self.UNSTORED

    @property
    def file_name(self) -> str:
        """ "members-2026-11-20.csv": what a downloaded file is called."""
        slug = self.key.partition("-")[2].rpartition(".")[0]
        return f"{slug}-{timezone.localdate(self.created_at):%Y-%m-%d}.{self.format}"
