"""What happens and when: groups and their people, series and run days, events and how people check in to them."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from checkin_project.platform.access import Actor, Role
from checkin_project.platform.text import CleanMultilineField, CleanTextField, OptionalUniqueText, WebAddressField
from events.windows import check_in_window
from members.models import Member

# No vowels and nothing that looks like something else, so codes neither spell words nor get misread.
CODE_ALPHABET = "23456789BCDFGHJKMNPQRTVWXYZ"
CODE_LENGTH = 8
# How far settings may open check-in before the start, and leave it open after the end.
WIDEST_WINDOW = timedelta(days=2)


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _position in range(CODE_LENGTH))


def organisation_zone() -> str:
    return str(settings.TIME_ZONE)


def known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a known time zone. Example: America/New_York."), params={"name": name})


class ReviewStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class Reviewed(models.Model):
    """Fields of what the public may propose: approved by default, because staff make most of it themselves."""

    review_status = models.CharField(
        _("review"), max_length=8, choices=ReviewStatus.choices, default=ReviewStatus.APPROVED
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = CleanTextField(_("submitted by"), max_length=254, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    rejection_reason = CleanTextField(_("reason for rejection"), max_length=500, blank=True)

    class Meta:
        abstract = True


class Category(models.Model):
    name = CleanTextField(_("name"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=80)

    class Meta:
        db_table = "categories"
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="category_slug_unique")]

    def __str__(self) -> str:
        return str(self.name)


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, actor: Actor) -> Self:
        """Every group for people with a role everywhere; else the groups in which the actor has one."""
        if actor.role is not None:
            return self
        return self.filter(pk__in=list(actor.group_roles))


class Group(Reviewed):
    """A club or organiser."""

    name = CleanTextField(_("name"), max_length=150)
    slug = models.SlugField(_("slug"), max_length=80)
    website = WebAddressField(_("website"), max_length=500, blank=True)
    ical_url = WebAddressField(_("iCal address"), max_length=1000, blank=True)
    fallback_url = WebAddressField(_("fallback address"), max_length=500, blank=True)
    active = models.BooleanField(_("active"), default=True)
    scan_for_metadata = models.BooleanField(_("scan pages for details"), default=True)
    categories = models.ManyToManyField(Category, blank=True, related_name="groups", verbose_name=_("categories"))
    suppress_urls = models.JSONField(_("suppressed addresses"), default=list, blank=True)
    skip_phrases = models.JSONField(_("skipped phrases"), default=list, blank=True)
    trusted = models.BooleanField(_("trusted"), default=False, help_text=_("Submissions are approved at once."))
    feed_fetched_at = models.DateTimeField(_("feed fetched"), null=True, blank=True, editable=False)
    feed_etag = models.CharField(max_length=255, blank=True, editable=False)
    feed_good_at = models.DateTimeField(_("feed last good"), null=True, blank=True, editable=False)
    feed_error = models.CharField(_("feed's last error"), max_length=500, blank=True, editable=False)
    feed_failures = models.PositiveIntegerField(_("feed failures in a row"), default=0, editable=False)

    history = HistoricalRecords(table_name="groups_history", m2m_fields=[categories])
    objects = GroupQuerySet.as_manager()

    class Meta:
        db_table = "groups"
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="group_slug_unique")]

    def __str__(self) -> str:
        return str(self.name)


class GroupMember(models.Model):
    """A member belongs to a club: by joining, by an import, or by having come to one of its events."""

    class How(models.TextChoices):
        JOINED = "joined", _("Joined")
        CAME = "came", _("Came to an event")
        IMPORTED = "imported", _("Imported")

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members", verbose_name=_("group"))
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="group_memberships", verbose_name=_("member")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)
    how = models.CharField(_("how"), max_length=8, choices=How.choices, default=How.JOINED)

    class Meta:
        db_table = "group_members"
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "member"],
                name="group_member_once",
                violation_error_message=_("This member belongs to the group already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} – {self.group}"


class GroupRole(models.Model):
    """A user's role in one group."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="group_roles", verbose_name=_("user")
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="roles", verbose_name=_("group"))
    role = models.CharField(
        _("role"), max_length=16, choices=[choice for choice in Role.choices if choice[0] != Role.ADMINISTRATOR]
    )

    class Meta:
        db_table = "group_roles"
        verbose_name = _("role in a group")
        verbose_name_plural = _("roles in groups")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "group"],
                name="group_role_once",
                violation_error_message=_("This user has a role in the group already."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=[Role.STEWARD, Role.SUPERVISOR, Role.ORGANISER]), name="group_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} – {self.group}"


class SeriesQuerySet(models.QuerySet["Series"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.role is not None:
            return self
        return self.filter(group_id__in=list(actor.group_roles))


class Series(models.Model):
    """What repeats, such as a weekly run. Its events take their defaults from here."""

    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="series", verbose_name=_("group")
    )
    name = CleanTextField(_("name"), max_length=150)
    slug = models.SlugField(_("slug"), max_length=80)
    default_start = models.TimeField(_("default start"), help_text=_("In the series' own time zone."))
    duration_minutes = models.PositiveIntegerField(
        _("duration in minutes"), default=60, validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)]
    )
    location = CleanTextField(_("location"), max_length=300, blank=True)
    capacity = models.PositiveIntegerField(_("capacity"), null=True, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, default=organisation_zone, validators=[known_zone])
    points = models.PositiveIntegerField(_("points for coming"), default=0, validators=[MaxValueValidator(10_000)])

    objects = SeriesQuerySet.as_manager()

    class Meta:
        db_table = "series"
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="series_slug_unique")]

    def __str__(self) -> str:
        return str(self.name)


class RunDay(models.Model):
    """A date in a series' calendar."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="run_days", verbose_name=_("series"))
    date = models.DateField(_("date"))
    has_run = models.BooleanField(_("has a run"), default=True)

    class Meta:
        db_table = "run_days"
        verbose_name = _("run day")
        verbose_name_plural = _("run days")
        ordering = ["-date"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "date"],
                name="run_day_once",
                violation_error_message=_("This date is in the calendar already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.date}"


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, actor: Actor) -> Self:
        """Roles everywhere see all; group roles their groups'; keys and devices their event; others what is public."""
        if actor.event_code:
            return self.filter(code=actor.event_code)
        if actor.role is not None:
            return self
        if actor.group_roles:
            return self.filter(group_id__in=list(actor.group_roles))
        return self.published()

    def published(self) -> Self:
        """Approved, neither draft nor hidden nor a duplicate: what anybody may know of (cancelled ones included)."""
        return self.filter(review_status=ReviewStatus.APPROVED, hidden=False, duplicate_of__isnull=True).exclude(
            stored_status=Event.Stored.DRAFT
        )

    def near_check_in(self, at: datetime) -> Self:
        """Approved and scheduled ones that may be open at `at`, however far settings stretch it; with the settings."""
        near = self.filter(starts_at__lte=at + WIDEST_WINDOW, ends_at__gte=at - WIDEST_WINDOW)
        published = near.filter(review_status=ReviewStatus.APPROVED, stored_status=Event.Stored.SCHEDULED)
        return published.select_related("check_in_settings")

    def open_for_check_in(self, at: datetime) -> Self:
        """Published, not cancelled, and `at` lies in the check-in window. The window's edges are set per event."""
        return self.filter(
            pk__in=[event.pk for event in self.near_check_in(at) if event.check_in_settings.is_open(event, at)]
        )


class Event(Reviewed):
    """One occurrence. `status` reads as five words; stored are three, the other two follow from time."""

    class Stored(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        CANCELLED = "cancelled", _("Cancelled")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        ONGOING = "ongoing", _("Ongoing")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    class LocationType(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        VIRTUAL = "virtual", _("Virtual")
        HYBRID = "hybrid", _("Hybrid")

    class Source(models.TextChoices):
        STAFF = "staff", _("Staff")
        CALENDAR = "calendar", _("Run calendar")
        IMPORT = "import", _("Import")
        FEED = "feed", _("Feed")
        SUBMISSION = "submission", _("Submission")

    code = models.CharField(_("code"), max_length=CODE_LENGTH, default=new_code, editable=False)
    legacy_id = OptionalUniqueText(
        _("legacy id"), max_length=100, null=True, blank=True, help_text=_("The id in older spreadsheets.")
    )
    name = CleanTextField(_("name"), max_length=200)
    description = CleanMultilineField(_("description"), max_length=20_000, blank=True)
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="events", verbose_name=_("group")
    )
    series = models.ForeignKey(
        Series, on_delete=models.SET_NULL, null=True, blank=True, related_name="events", verbose_name=_("series")
    )
    host = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="hosted_events", verbose_name=_("host")
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    timezone = models.CharField(_("time zone"), max_length=64, default=organisation_zone, validators=[known_zone])
    all_day = models.BooleanField(_("all day"), default=False)
    location = CleanTextField(_("location"), max_length=300, blank=True)
    location_type = models.CharField(
        _("kind of place"), max_length=9, choices=LocationType.choices, default=LocationType.IN_PERSON
    )
    url = WebAddressField(_("web address"), max_length=1000, blank=True)
    cost = CleanTextField(_("cost"), max_length=100, blank=True)
    categories = models.ManyToManyField(Category, blank=True, related_name="events", verbose_name=_("categories"))
    capacity = models.PositiveIntegerField(
        _("capacity"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(1_000_000)],
        help_text=_("Seats, enforced at every door. Empty: no limit."),
    )
    stored_status = models.CharField(
        _("status"), max_length=9, choices=Stored.choices, default=Stored.SCHEDULED, db_column="status"
    )
    closed_at = models.DateTimeField(_("closed early"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.STAFF, editable=False)
    feed_uid = models.CharField(max_length=500, blank=True, editable=False)
    recurrence_id = models.CharField(max_length=64, blank=True, editable=False)
    hidden = models.BooleanField(_("hidden from the public"), default=False)
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="duplicates",
        verbose_name=_("duplicate of"),
    )
    extra = models.JSONField(
        _("extra"), default=dict, blank=True, help_text=_("Columns of older spreadsheets that have no field here.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    history = HistoricalRecords(table_name="events_history", m2m_fields=[categories])
    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "events"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="event_code_unique"),
            models.UniqueConstraint(
                fields=["legacy_id"],
                name="event_legacy_id_unique",
                violation_error_message=_("Another event has this legacy id."),
            ),
            models.UniqueConstraint(
                fields=["group", "feed_uid", "recurrence_id"],
                condition=~Q(feed_uid=""),
                name="event_feed_identity_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")),
                name="event_ends_after_start",
                violation_error_message=_("An event cannot end before it starts."),
            ),
            models.CheckConstraint(
                condition=Q(stored_status__in=["draft", "scheduled", "cancelled"]), name="event_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="event_by_start"),
            models.Index(fields=["review_status", "submitted_at"], name="event_by_review"),
            models.Index(fields=["group", "-starts_at"], name="event_by_group"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def local_start(self) -> datetime:
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        return self.ends_at.astimezone(self.zone)

    @property
    def is_published(self) -> bool:
        """May anybody know of it? As `EventQuerySet.published()` asks the database."""
        is_approved = self.review_status == ReviewStatus.APPROVED and self.stored_status != self.Stored.DRAFT
        return is_approved and not self.hidden and self.duplicate_of_id is None

    @property
    def last_day(self) -> date:
        """In its own zone. An end at midnight belongs to the day before, unless the event is that instant only."""
        return max(self.local_start, self.local_end - timedelta(microseconds=1)).date()

    @property
    def status(self) -> Status:
        return self.status_at(timezone.now())

    def status_at(self, at: datetime) -> Status:
        """The five-word status: at the start instant and at the end instant the event is ongoing."""
        if self.stored_status != self.Stored.SCHEDULED:
            return self.Status(self.stored_status)
        if at > self.ends_at or (self.closed_at is not None and at >= self.closed_at):
            return self.Status.COMPLETED
        return self.Status.ONGOING if at >= self.starts_at else self.Status.SCHEDULED

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            raise ValidationError({"ends_at": _("An event cannot end before it starts.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Every event has its CheckInSettings from the start, so no door ever has to wonder."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if is_new:
            defaults = {"points": self.series.points} if self.series else {}
            CheckInSettings.objects.get_or_create(event=self, defaults=defaults)


class CheckInSettings(models.Model):
    """How people check in to one event. Staff may change it during the event; every door obeys at once."""

    class Reentry(models.TextChoices):
        ONCE = "once", _("Once")
        AFTER_EXIT = "after_exit", _("Again after going out")
        UNLIMITED = "unlimited", _("Unlimited")

    class WalkIns(models.TextChoices):
        REFUSE = "refuse", _("Refuse")
        ASK = "ask", _("Ask at the door")
        ADD = "add", _("Add")

    class SelfCheckIn(models.TextChoices):
        OFF = "off", _("Off")
        POSTER = "poster", _("Poster (24 hours)")
        ROTATING = "rotating", _("Rotating (30 seconds)")

    class ScanMode(models.TextChoices):
        RAPID = "rapid", _("Rapid")
        VERIFICATION = "verification", _("Verification")
        MANUAL = "manual", _("Manual")

    event = models.OneToOneField(
        Event, on_delete=models.CASCADE, related_name="check_in_settings", verbose_name=_("event")
    )
    opens_minutes_before = models.PositiveIntegerField(
        _("opens, minutes before the start"), default=60, validators=[MaxValueValidator(2 * 24 * 60)]
    )
    closes_minutes_after = models.PositiveIntegerField(
        _("closes, minutes after the end"), default=60, validators=[MaxValueValidator(2 * 24 * 60)]
    )
    reentry = models.CharField(_("re-entry"), max_length=10, choices=Reentry.choices, default=Reentry.ONCE)
    walk_ins = models.CharField(_("walk-ins"), max_length=6, choices=WalkIns.choices, default=WalkIns.ADD)
    self_check_in = models.CharField(
        _("self check-in"), max_length=8, choices=SelfCheckIn.choices, default=SelfCheckIn.POSTER
    )
    guest_scanning = models.BooleanField(_("scanning without an account"), default=True)
    offline_mode = models.BooleanField(_("scanners work offline"), default=True)
    scan_mode = models.CharField(_("scan mode"), max_length=12, choices=ScanMode.choices, default=ScanMode.RAPID)
    show_popup = models.BooleanField(_("pop-up on arrival"), default=True)
    play_sound = models.BooleanField(_("sound"), default=True)
    highlight_checked_in = models.BooleanField(_("highlight who is in"), default=True)
    alert_on_duplicate = models.BooleanField(_("alert on duplicates"), default=True)
    alert_on_walk_in = models.BooleanField(_("alert on walk-ins"), default=False)
    require_check_out = models.BooleanField(_("people check out"), default=False)
    points = models.PositiveIntegerField(_("points for coming"), default=0, validators=[MaxValueValidator(10_000)])
    # Part of every event code; raising it withdraws the codes that were shown or printed before.
    code_version = models.PositiveIntegerField(_("version of the event codes"), default=1, editable=False)

    history = HistoricalRecords(table_name="check_in_settings_history")

    class Meta:
        db_table = "check_in_settings"
        verbose_name = _("check-in settings")
        verbose_name_plural = _("check-in settings")

    def __str__(self) -> str:
        return str(self.event)

    def window(self, event: Event) -> tuple[datetime, datetime]:
        """First and last instant of check-in; takes the event so that a list needs no query per row."""
        return check_in_window(
            event.starts_at,
            event.ends_at,
            all_day=event.all_day,
            minutes_before=self.opens_minutes_before,
            minutes_after=self.closes_minutes_after,
            closed_at=event.closed_at,
        )

    def is_open(self, event: Event, at: datetime) -> bool:
        """At the first and at the last instant of the window it is open."""
        opens_at, closes_at = self.window(event)
        return opens_at <= at <= closes_at
