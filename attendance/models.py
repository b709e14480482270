"""Who came: one Attendance per person and event, the Scans it is folded from, and the devices at the doors."""

from __future__ import annotations

from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from attendance.browsermodels import BrowserRefresh, BrowserRow, SavedView
from checkin_project.platform.access import Actor, Permission, Role
from checkin_project.platform.text import CleanMultilineField, CleanTextField
from events.models import Event, Group
from members.models import Member

__all__ = [
    "GUEST_NAME_LENGTH",
    "Attendance",
    "AttendanceQuerySet",
    "BrowserRefresh",
    "BrowserRow",
    "CodeSession",
    "Device",
    "DeviceQuerySet",
    "Method",
    "OfEventQuerySet",
    "PairingCode",
    "SavedView",
    "Scan",
    "ScanQuerySet",
    "guest_key",
]
GUEST_NAME_LENGTH = 150


def guest_key(name: str) -> str:
    """What two spellings of one guest's name share: case and spacing do not count."""
    return " ".join(name.casefold().split())[:GUEST_NAME_LENGTH]


class Method(models.TextChoices):
    """The door somebody came through."""

    KIOSK = "kiosk", _("Kiosk")
    SELF = "self", _("Event code")
    POSTER = "poster", _("Event poster")
    SCANNER = "scanner", _("Scanner")
    STAFF = "staff", _("Staff")
    API = "api", _("API")
    IMPORT = "import", _("Import")
    PAPER = "paper", _("Paper list")


_Row = TypeVar("_Row", bound=models.Model)


class OfEventQuerySet(models.QuerySet[_Row]):
    """For models with an `event`: what an actor may see follows from the events the actor works at."""

    def visible_to(self, actor: Actor) -> Self:
        """Anonymous people see none, published event or not."""
        if actor.event_code:
            return self.filter(event__code=actor.event_code)
        if actor.role is not None:
            return self
        return self.filter(event__group_id__in=list(actor.group_roles))


class AttendanceQuerySet(OfEventQuerySet["Attendance"]):
    def seats(self) -> Self:
        """Rows that hold seats: registered, or in and not out."""
        return self.filter(
            Q(state=Attendance.State.REGISTERED) | Q(state=Attendance.State.ATTENDED, checked_out_at__isnull=True)
        )


class Attendance(models.Model):
    """One person at one event: the fold of that person's accepted scans (`attendance.history.fold`).

    Written by `attendance.checkin`, and for files by `attendance.bulk`. `registration` is what the row is when no scan
    counts; `state` is what it is now. A walk-in whose check-in was taken back has neither: its state reads cancelled
    and bars nobody.
    """

    class State(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        ATTENDED = "attended", _("Attended")
        NO_SHOW = "no_show", _("No-show")
        CANCELLED = "cancelled", _("Cancelled")

    class Registration(models.TextChoices):
        NONE = "", _("Not registered")
        REGISTERED = "registered", _("Registered")
        NO_SHOW = "no_show", _("Registered, did not come")
        CANCELLED = "cancelled", _("Registration cancelled")

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="attendances", verbose_name=_("event"), db_index=False
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances", verbose_name=_("member")
    )
    guest_name = CleanTextField(_("guest's name"), max_length=GUEST_NAME_LENGTH, blank=True, default="")
    guest_key = models.CharField(max_length=GUEST_NAME_LENGTH, blank=True, default="", editable=False)
    registration = models.CharField(
        _("registration"), max_length=10, choices=Registration.choices, blank=True, default=Registration.NONE
    )
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True)
    registered_party_size = models.PositiveSmallIntegerField(_("registered people"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REGISTERED)
    attended = models.BooleanField(_("attended"), default=False)
    checked_in_at = models.DateTimeField(_("checked in"), null=True, blank=True)
    checked_out_at = models.DateTimeField(_("checked out"), null=True, blank=True)
    method = models.CharField(_("door"), max_length=8, choices=Method.choices, blank=True, default="")
    is_walk_in = models.BooleanField(_("walk-in"), default=False)
    party_size = models.PositiveSmallIntegerField(_("people"), default=1)
    scan_count = models.PositiveIntegerField(_("entries"), default=0)
    device = models.ForeignKey(
        "Device",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("device"),
        db_index=False,
    )
    checked_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("checked in by"),
        db_index=False,
    )
    note = CleanMultilineField(_("note"), max_length=2000, blank=True, default="")
    # Raised by every write; a write that expects another value finds nobody and decides again.
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        db_table = "attendance"
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        ordering = ["-checked_in_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "member"],
                name="attendance_once_per_event",
                violation_error_message=_("This member is on the event's list already."),
            ),
            models.UniqueConstraint(
                fields=["event", "guest_key"],
                condition=Q(member__isnull=True),
                name="attendance_guest_once_per_event",
                violation_error_message=_("A guest of this name is on the event's list already."),
            ),
            models.CheckConstraint(
                condition=Q(member__isnull=False, guest_key="") | (Q(member__isnull=True) & ~Q(guest_key="")),
                name="attendance_member_or_guest",
                violation_error_message=_("An attendance is of a member or of a guest with a name."),
            ),
            models.CheckConstraint(
                condition=Q(checked_out_at__isnull=True) | Q(checked_out_at__gte=F("checked_in_at")),
                name="attendance_out_after_in",
                violation_error_message=_("Nobody can check out before checking in."),
            ),
            models.CheckConstraint(
                condition=Q(attended=True, state="attended", checked_in_at__isnull=False)
                | (Q(attended=False, checked_in_at__isnull=True, checked_out_at__isnull=True) & ~Q(state="attended")),
                name="attendance_state_consistent",
            ),
            models.CheckConstraint(
                condition=Q(party_size__gte=1, registered_party_size__gte=1), name="attendance_party_of_one_or_more"
            ),
        ]
        indexes = [
            models.Index(fields=["event", "state"], name="attendance_by_state"),
            models.Index(fields=["event", "-checked_in_at"], name="attendance_latest"),
            # The data browser's first page; only who came is in it, so registering costs nothing more.
            models.Index(
                fields=["-checked_in_at", "-id"],
                condition=Q(checked_in_at__isnull=False),
                name="attendance_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} – {self.event}"

    @property
    def name(self) -> str:
        return self.member.full_name if self.member else str(self.guest_name)

    @property
    def is_inside(self) -> bool:
        return self.state == self.State.ATTENDED and self.checked_out_at is None


class ScanQuerySet(OfEventQuerySet["Scan"]):
    def accepted(self) -> Self:
        """The scans an attendance is folded from."""
        return self.filter(outcome__in=["checked_in", "checked_out", "undone"])


class Scan(models.Model):
    """One attempt at a door, successful or not. Only ever added; the conflict fields record how a person decided."""

    class Kind(models.TextChoices):
        ENTRY = "entry", _("Entry")
        EXIT = "exit", _("Exit")
        UNDO = "undo", _("Undo")

    class Flag(models.TextChoices):
        """Why an offline admission needs a person to look at it."""

        OVER_CAPACITY = "over_capacity", _("Over capacity")
        NOT_OPEN_YET = "event_not_open", _("Before check-in opened")
        EVENT_CLOSED = "event_closed", _("After check-in closed")
        EVENT_CANCELLED = "event_cancelled", _("Event cancelled")
        NOT_PUBLISHED = "not_published", _("Event not published")
        DUPLICATE_ADMISSION = "duplicate_admission", _("Admitted twice")
        BLOCKED = "blocked", _("Member blocked")
        REGISTRATION_CANCELLED = "registration_cancelled", _("Registration cancelled")
        NOT_REGISTERED = "not_registered", _("Not registered")
        DEVICE_REVOKED = "device_revoked", _("Device revoked")
        CLOCK_CLAMPED = "clock_clamped", _("Device clock was wrong")

    class Resolution(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        UNDONE = "undone", _("Undone")
        MERGED = "merged", _("Merged")

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="scans", verbose_name=_("event"), db_index=False
    )
    attendance = models.ForeignKey(
        Attendance, on_delete=models.PROTECT, null=True, blank=True, related_name="scans", verbose_name=_("attendance")
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    outcome = models.CharField(_("outcome"), max_length=24)
    operation_id = models.UUIDField(_("operation"))
    undoes = models.UUIDField(_("takes back"), null=True, blank=True)
    beside = models.UUIDField(
        _("beside refusal"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("The operation was refused online, its answer got lost, and then it was admitted offline."),
    )
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    method = models.CharField(_("door"), max_length=8, choices=Method.choices)
    device = models.ForeignKey(
        "Device",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="scans",
        verbose_name=_("device"),
        db_index=False,
    )
    gate = models.CharField(_("gate"), max_length=80, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
        db_index=False,
    )
    api_key = models.ForeignKey(
        "members.ApiKey",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("API key"),
        db_index=False,
    )
    subject = models.CharField(
        _("subject"), max_length=200, help_text=_("m:member, g:guest or c:fingerprint of an unknown code.")
    )
    code_fingerprint = models.CharField(_("code fingerprint"), max_length=16, blank=True, default="")
    party_size = models.PositiveSmallIntegerField(_("people"), default=1)
    offline = models.BooleanField(_("offline"), default=False)
    answer = models.JSONField(_("answer"), default=dict)
    overrode = models.CharField(_("overrode"), max_length=24, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    flag = models.CharField(_("flag"), max_length=24, choices=Flag.choices, blank=True, default="")
    resolution = models.CharField(_("decided"), max_length=8, choices=Resolution.choices, blank=True, default="")
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        db_index=False,
    )
    resolved_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects = ScanQuerySet.as_manager()

    class Meta:
        db_table = "scans"
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["operation_id"], name="scan_operation_once"),
            models.CheckConstraint(condition=Q(kind="undo") | Q(undoes__isnull=True), name="scan_only_undo_takes_back"),
        ]
        indexes = [
            models.Index(fields=["event", "-received_at"], name="scan_latest"),
            models.Index(
                fields=["device", "-received_at"], condition=Q(device__isnull=False), name="scan_latest_of_device"
            ),
            models.Index(fields=["undoes"], condition=Q(undoes__isnull=False), name="scan_by_undone_operation"),
            models.Index(
                fields=["event", "flag"], condition=~Q(flag="") & Q(resolution=""), name="scan_open_conflicts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.outcome}"


class CodeSession(models.Model):
    """An opening of a rotating event code that was used up, and by which operation. See `attendance.codesessions`."""

    nonce = models.CharField(max_length=32)
    operation_id = models.UUIDField()
    used_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "code_sessions"
        constraints = [models.UniqueConstraint(fields=["nonce"], name="code_session_used_once")]

    def __str__(self) -> str:
        return f"{self.used_at:%Y-%m-%d %H:%M:%S}"


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those whose event or group is one in which the actor manages devices; the rest need a role everywhere."""
        if actor.may(Permission.DEVICES):
            return self
        groups = actor.groups_where(Permission.DEVICES)
        return self.filter(Q(event__group_id__in=groups) | Q(event__isnull=True, group_id__in=groups))

    def live(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class Device(models.Model):
    """A paired kiosk or scanner. Only the SHA-256 of its token is kept."""

    class Kind(models.TextChoices):
        KIOSK = "kiosk", _("Kiosk")
        SCANNER = "scanner", _("Scanner")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    name = CleanTextField(_("name"), max_length=80)
    event = models.ForeignKey(
        Event,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name=_("event"),
        help_text=_("Empty: today's events."),
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name=_("group"),
        help_text=_("Limits today's events to those of one group."),
    )
    gate = CleanTextField(_("gate"), max_length=80, blank=True, default="")
    holder_name = CleanTextField(_("holder's name"), max_length=150, blank=True, default="")
    holder_email = models.EmailField(_("holder's e-mail"), blank=True, default="")
    role = models.CharField(
        _("role"),
        max_length=10,
        choices=[(Role.STEWARD.value, Role.STEWARD.label), (Role.SUPERVISOR.value, Role.SUPERVISOR.label)],
        default=Role.STEWARD.value,
    )
    token_hash = models.CharField(max_length=64, editable=False)
    pin_hash = models.CharField(max_length=200, blank=True, default="", editable=False)
    paired_at = models.DateTimeField(_("paired"))
    paired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("paired by"),
    )
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    queue_length = models.PositiveIntegerField(_("waiting to be sent"), default=0)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, default="")

    objects = DeviceQuerySet.as_manager()

    class Meta:
        db_table = "devices"
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["-paired_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="device_token_unique")]

    def __str__(self) -> str:
        return str(self.name)


class PairingCode(models.Model):
    """Lets one screen become a device: single use, two minutes, scanned as a QR code or typed as six characters."""

    code_hash = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=7, choices=Device.Kind.choices)
    name = CleanTextField(_("name"), max_length=80)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    gate = CleanTextField(_("gate"), max_length=80, blank=True, default="")
    role = models.CharField(_("role"), max_length=10, default=Role.STEWARD.value)
    pin_hash = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "pairing_codes"
        verbose_name = _("pairing code")
        verbose_name_plural = _("pairing codes")
        constraints = [models.UniqueConstraint(fields=["code_hash"], name="pairing_code_unique")]

    def __str__(self) -> str:
        return str(self.name)
