"""What is kept of an import: who brought which file, what each row was, and what was written, so it can be undone."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.imports.plan import RowState

# Work of which nothing was heard for so long has died with its process and may be begun again.
SILENT_AFTER = timedelta(seconds=90)


class RunState(models.TextChoices):
    UPLOADED = "uploaded", _("waiting to be read")
    PLANNING = "planning", _("being read")
    PLANNED = "planned", _("waiting for a yes")
    APPLYING = "applying", _("being written")
    APPLIED = "applied", _("imported")
    FAILED = "failed", _("stopped")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")


def file_key(run: ImportRun, name: str) -> str:
    """Where an upload is kept: a key of our own, of which the person's file name gives away the ending at most."""
    ending = PurePosixPath(name).suffix.lower()
    return f"imports/{uuid.uuid4().hex}{ending if ending in ('.csv', '.xlsx') else '.csv'}"


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def visible_to(self, actor: Actor) -> ImportRunQuerySet:
        """Files hold anybody's data, so they are for those who may import everywhere."""
        return self if actor.may(Permission.IMPORT) else self.none()

    def waiting(self) -> ImportRunQuerySet:
        """Runs that would write something, once somebody says yes."""
        writes = models.Q(counts__new__gt=0) | models.Q(counts__changed__gt=0)
        return self.filter(writes, state=RunState.PLANNED)


class ImportRun(models.Model):
    """One file on its way in. Its preview is in `rows`; what it wrote, as long as it can be undone, in `writes`."""

    State = RunState
    BUSY = (RunState.UPLOADED, RunState.PLANNING, RunState.APPLYING, RunState.UNDOING)

    created_at = models.DateTimeField(_("uploaded"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    file_name = models.CharField(_("file"), max_length=200)
    file = models.FileField(_("kept file"), upload_to=file_key, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    kind = models.CharField(_("what it holds"), max_length=32)
    header = models.JSONField(_("headings"), default=list)
    options = models.JSONField(_("choices"), default=dict)
    state = models.CharField(_("state"), max_length=16, choices=RunState.choices, default=RunState.UPLOADED)
    # Names the attempt that is under way: an attempt whose claim is gone may not write any more.
    claim = models.UUIDField(null=True, editable=False)
    touched_at = models.DateTimeField(_("last heard of"))
    done = models.PositiveIntegerField(_("rows done"), default=0)
    total = models.PositiveIntegerField(_("rows in all, about"), default=0)
    counts = models.JSONField(_("rows by what becomes of them"), default=dict)
    likely_count = models.PositiveIntegerField(_("rows that are likely somebody known"), default=0)
    frequent = models.JSONField(_("what is wrong most often"), default=list)
    problem = models.TextField(_("why it stopped"), blank=True)
    outdated = models.JSONField(_("what changed meanwhile"), default=list)
    fingerprint = models.CharField(_("fingerprint of the preview"), max_length=64, blank=True)
    applied_at = models.DateTimeField(_("imported"), null=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("imported by")
    )
    records_created = models.PositiveIntegerField(_("new records"), default=0)
    records_updated = models.PositiveIntegerField(_("changed records"), default=0)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("undone by")
    )
    pruned_at = models.DateTimeField(_("rows and file removed"), null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        db_table = "import_runs"
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=RunState.values), name="import_run_state_known"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="import_runs_newest")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("admin:platform_importrun_change", args=[self.pk])

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def row_count(self) -> int:
        return sum(self.counts.values())

    @property
    def changes_planned(self) -> int:
        """Rows that would write something."""
        return sum(self.counts.get(state, 0) for state in (RowState.NEW, RowState.CHANGED))

    @property
    def standing(self) -> str:
        """Its state in words."""
        if self.state == RunState.PLANNED and not self.changes_planned:
            return str(_("nothing to do"))
        return str(self.get_state_display())

    @property
    def tone(self) -> str:
        """Of the words: which colours."""
        if self.state == RunState.PLANNED:
            return "attention" if self.changes_planned else "undone"
        return {RunState.APPLIED: "welcome", RunState.FAILED: "stop"}.get(RunState(self.state), "undone")

    def is_silent(self, at: datetime) -> bool:
        return self.is_busy and self.touched_at < at - SILENT_AFTER


class ImportRow(models.Model):
    """One row of the file and what becomes of it, as it is shown: values are texts, cut where they are long.

    `changes`: [field, old, new]; `problems`: [column, value, reason]; `likely`: {label, reasons, pk, line}.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(_("line"))
    state = models.CharField(_("what becomes of it"), max_length=16)
    label = models.CharField(_("name"), max_length=200, blank=True)
    changes = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    likely = models.JSONField(default=list)
    notes = models.JSONField(default=list)

    class Meta:
        db_table = "import_rows"
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="import_row_once_per_line")]
        indexes = [models.Index(fields=["run", "state", "line"], name="import_rows_by_state")]

    def __str__(self) -> str:
        return f"{self.line}: {self.label}"


class ImportWrite(models.Model):
    """One record that a run wrote: its values `before` (None: it was made) and `after`."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="writes")
    line = models.PositiveIntegerField(_("line"))
    model = models.CharField(_("kind of record"), max_length=100)
    object_pk = models.BigIntegerField(_("record"))
    before = models.JSONField(null=True)
    after = models.JSONField(default=dict)

    class Meta:
        db_table = "import_writes"
        verbose_name = _("record of an import")
        verbose_name_plural = _("records of imports")
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "line"], name="import_writes_by_line")]

    def __str__(self) -> str:
        return f"{self.model} {self.object_pk}"
