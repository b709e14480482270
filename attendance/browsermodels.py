"""What the data browser keeps: the rows of PostgreSQL's materialised view, when that was refreshed, and saved views."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import CleanTextField


class BrowserRow(models.Model):
    """One attendance with its event and person beside it, as the view `databrowser` kept them.

    `attendance.databrowser.materialised` makes the view, with these columns; no migration does.
    """

    event_id = models.BigIntegerField()
    event_code = models.TextField()
    event_legacy_id = models.TextField(null=True)  # noqa: DJ001 - as it is in the table
    event_name = models.TextField()
    event_starts_at = models.DateTimeField()
    event_timezone = models.TextField()
    event_location = models.TextField()
    group_name = models.TextField(null=True)  # noqa: DJ001
    member_id = models.BigIntegerField(null=True)
    member_legacy_id = models.TextField(null=True)  # noqa: DJ001
    first_name = models.TextField(null=True)  # noqa: DJ001
    last_name = models.TextField(null=True)  # noqa: DJ001
    classification = models.TextField(null=True)  # noqa: DJ001
    major = models.TextField(null=True)  # noqa: DJ001
    student_email = models.TextField(null=True)  # noqa: DJ001
    personal_email = models.TextField(null=True)  # noqa: DJ001
    v_number = models.TextField(null=True)  # noqa: DJ001
    guest_name = models.TextField()
    guest_key = models.TextField()
    state = models.TextField()
    registration = models.TextField()
    registered_at = models.DateTimeField(null=True)
    registered_party_size = models.SmallIntegerField()
    checked_in_at = models.DateTimeField(null=True)
    checked_out_at = models.DateTimeField(null=True)
    method = models.TextField()
    is_walk_in = models.BooleanField()
    party_size = models.SmallIntegerField()
    scan_count = models.IntegerField()
    note = models.TextField()

    class Meta:
        managed = False
        db_table = "databrowser"

    def __str__(self) -> str:
        return f"{self.pk}"


class BrowserRefresh(models.Model):
    """When the view was brought up to date. One row, with the key 1.

    `writes` is how many rows the database had ever written when the refresh began, `seen` the same when somebody last
    looked, at `seen_at`: equal numbers on two looks mean that writing has come to rest.
    """

    refreshed_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)
    rows = models.PositiveIntegerField(default=0)
    writes = models.BigIntegerField(default=-1)
    seen = models.BigIntegerField(default=-1)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "databrowser_refresh"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="databrowser_refresh_one_row")]

    def __str__(self) -> str:
        return f"{self.refreshed_at}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own, and what colleagues share. A view holds a question, never its answer."""
        if actor.user_id is None or not actor.may_somewhere(Permission.REPORTS):
            return self.none()
        return self.filter(Q(owner_id=actor.user_id) | Q(is_shared=True))


class SavedView(models.Model):
    """Filters, order and columns of the data browser under a name, as they stand in its address."""

    MOST_QUERY = 2000

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    name = CleanTextField(_("name"), max_length=80)
    query = models.CharField(_("question"), max_length=MOST_QUERY, blank=True)
    is_shared = models.BooleanField(_("shared with colleagues"), default=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        db_table = "saved_views"
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="saved_view_name_once",
                violation_error_message=_("You have a view of this name already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.name)
