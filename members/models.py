"""People on record, the passes that identify them, their points, and the keys of programs that act for the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from checkin_project.platform import bulk
from checkin_project.platform.access import Actor, Permission, Scope
from checkin_project.platform.text import (
    CleanTextField,
    OptionalEmailField,
    OptionalUniqueText,
    VNumberField,
    mask_name,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MemberQuerySet(models.QuerySet["Member"]):
    def visible_to(self, actor: Actor) -> Self:
        """Everybody for those who may search everywhere; else the people linked to the actor's groups."""
        return self.whom(actor, Permission.SEARCH)

    def whom(self, actor: Actor, permission: Permission) -> Self:
        """Those to whom the actor may do this: everybody, or the people linked to the groups where it is allowed."""
        if actor.may(permission):
            return self
        groups = actor.groups_where(permission)
        if not groups:
            return self.none()
        # By the relation's name: members know nothing of events.
        linked = Member.objects.filter(group_memberships__group_id__in=groups)
        return self.filter(pk__in=linked.order_by().values("pk"))


class Member(models.Model):
    class Classification(models.TextChoices):
        FRESHMAN = "freshman", _("Freshman")
        SOPHOMORE = "sophomore", _("Sophomore")
        JUNIOR = "junior", _("Junior")
        SENIOR = "senior", _("Senior")
        GRADUATE = "graduate", _("Graduate")
        ALUMNI = "alumni", _("Alumni")
        OTHER = "other", _("Other")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        PROVISIONAL = "provisional", _("Provisional")
        BLOCKED = "blocked", _("Blocked")

    legacy_id = OptionalUniqueText(
        _("legacy id"), max_length=100, null=True, blank=True, help_text=_("The id in older spreadsheets.")
    )
    first_name = CleanTextField(_("first name"), max_length=100, blank=True)
    last_name = CleanTextField(_("last name"), max_length=100, blank=True)
    classification = models.CharField(_("classification"), max_length=10, choices=Classification.choices, blank=True)
    major = CleanTextField(_("major"), max_length=150, blank=True)
    v_number = VNumberField(_("V-number"), max_length=10, null=True, blank=True)
    card_number = OptionalUniqueText(
        _("card number"), max_length=64, null=True, blank=True, help_text=_("The barcode of the student card.")
    )
    student_email = OptionalEmailField(_("student e-mail"), max_length=254, null=True, blank=True)
    personal_email = OptionalEmailField(_("personal e-mail"), max_length=254, null=True, blank=True)
    phone = CleanTextField(_("phone"), max_length=40, blank=True)
    status = models.CharField(_("status"), max_length=11, choices=Status.choices, default=Status.ACTIVE)
    kiosk_hidden = models.BooleanField(
        _("hidden at kiosks"), default=False, help_text=_("Never shown in a kiosk's name search.")
    )
    is_minor = models.BooleanField(_("minor"), default=False, help_text=_("Never shown in a kiosk's name search."))
    extra = models.JSONField(
        _("extra"), default=dict, blank=True, help_text=_("Columns of older spreadsheets that have no field here.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    history = HistoricalRecords(table_name="members_history")
    objects = MemberQuerySet.as_manager()

    class Meta:
        db_table = "members"
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["last_name", "first_name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["legacy_id"],
                name="member_legacy_id_unique",
                violation_error_message=_("Another member has this legacy id."),
            ),
            models.UniqueConstraint(
                fields=["v_number"],
                name="member_v_number_unique",
                violation_error_message=_("Another member has this V-number."),
            ),
            models.UniqueConstraint(
                fields=["card_number"],
                name="member_card_number_unique",
                violation_error_message=_("Another member has this card number."),
            ),
            models.UniqueConstraint(
                Lower("student_email"),
                name="member_student_email_unique",
                violation_error_message=_("Another member has this student e-mail."),
            ),
            models.CheckConstraint(
                condition=Q(v_number__isnull=True) | Q(v_number__regex=r"^V[0-9]{8,9}$"),
                name="member_v_number_form",
                violation_error_message=_("A V-number is a V and 8 or 9 digits."),
            ),
        ]
        indexes = [
            models.Index(fields=["last_name", "first_name", "id"], name="member_by_name"),
            models.Index(Lower("personal_email"), name="member_by_personal_email"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def masked_name(self) -> str:
        return mask_name(self.first_name, self.last_name)

    def clean(self) -> None:
        super().clean()
        if not self.first_name and not self.last_name:
            raise ValidationError({"first_name": _("Enter a name.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        update_fields = kwargs.get("update_fields")
        if update_fields is None or {"first_name", "last_name"} & set(update_fields):
            MemberWord.objects.rebuild([self])


class MemberWordManager(models.Manager["MemberWord"]):
    def rebuild(self, members: Iterable[Member]) -> None:
        """Make the searchable words of these members match their names. Writes only what differs."""
        stale, fresh = self._differing({member.pk: member.full_name for member in members})
        if stale:
            self.filter(pk__in=stale).delete()
        rows = [MemberWord(member_id=pk, word=word) for pk, word in fresh]
        self.bulk_create(rows, ignore_conflicts=True, batch_size=2000)

    def write_first(self, names: Iterable[tuple[int, str]]) -> None:
        """Write the words of members who were made in this transaction and have none: their keys and full names."""
        rows = ((key, word) for key, name in names for word in sorted(_words_of(name)))
        bulk.insert(MemberWord, ["member", "word"], rows)

    def rewrite(self, names: Mapping[int, str]) -> None:
        """As `rebuild`, for members by key whose rows this transaction has locked."""
        stale, fresh = self._differing(names)
        if stale:
            self.filter(pk__in=stale).delete()
        bulk.insert(MemberWord, ["member", "word"], fresh)

    def _differing(self, names: Mapping[int, str]) -> tuple[list[int], list[tuple[int, str]]]:
        """Keys of words that are wrong, and (member, word) of those that are missing."""
        wanted = {(key, word) for key, name in names.items() for word in _words_of(name)}
        present = {
            (member_id, word): pk
            for pk, member_id, word in self.filter(member__in=list(names)).values_list("pk", "member_id", "word")
        }
        return [pk for pair, pk in present.items() if pair not in wanted], sorted(wanted - set(present))


def _words_of(name: str) -> set[str]:
    return {word[: MemberWord.LENGTH] for word in words(name)}


class MemberWord(models.Model):
    """One folded word of a member's name: what the kiosk's prefix search reads through an index."""

    LENGTH = 40

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="name_words", db_index=False)
    # db_index adds PostgreSQL's text-pattern index; SQLite's plain one serves ranges.
    word = models.CharField(max_length=LENGTH, db_index=True)

    objects: ClassVar[MemberWordManager] = MemberWordManager()

    class Meta:
        db_table = "member_words"
        constraints = [models.UniqueConstraint(fields=["member", "word"], name="member_word_once")]

    def __str__(self) -> str:
        return self.word


class PassQuerySet(models.QuerySet["Pass"]):
    def visible_to(self, actor: Actor) -> Self:
        """Passes are for those who look after members: who can read a pass can come in as its member."""
        if actor.may(Permission.MEMBERS):
            return self
        return self.filter(member__in=Member.objects.whom(actor, Permission.MEMBERS).order_by().values("pk"))

    def valid(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class Pass(models.Model):
    """A member's standing QR code. The code itself is never stored: `members.passes` derives it from `nonce`."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="passes", verbose_name=_("member"))
    nonce = models.CharField(max_length=32, editable=False)
    code_hash = models.CharField(max_length=64, editable=False)
    issued_at = models.DateTimeField(_("issued"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = PassQuerySet.as_manager()

    class Meta:
        db_table = "passes"
        verbose_name = _("pass")
        verbose_name_plural = _("passes")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["code_hash"], name="pass_code_unique"),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(revoked_at__isnull=True),
                name="pass_one_valid_per_member",
                violation_error_message=_("This member has a valid pass already. Reissue it instead."),
            ),
        ]

    def __str__(self) -> str:
        # Without the name: the admin's log keeps this text when the member has long been erased.
        return str(_("Pass %(number)s") % {"number": self.pk})

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None


class Tier(models.TextChoices):
    BRONZE = "bronze", _("Bronze")
    SILVER = "silver", _("Silver")
    GOLD = "gold", _("Gold")
    PLATINUM = "platinum", _("Platinum")


class LoyaltyEntryQuerySet(models.QuerySet["LoyaltyEntry"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(member__in=Member.objects.visible_to(actor))

    def active_at(self, at: Any) -> Self:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))


class LoyaltyEntry(models.Model):
    """One line of the points ledger: only ever added. A line with a `reference` exists once."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="loyalty_entries", verbose_name=_("member")
    )
    description = CleanTextField(_("description"), max_length=200)
    points = models.IntegerField(_("points"))
    tier = models.CharField(_("tier reached"), max_length=8, choices=Tier.choices, blank=True)
    reward = CleanTextField(_("reward"), max_length=200, blank=True)
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    # NULL for lines that may repeat: only a reference is unique.
    reference = models.CharField(  # noqa: DJ001
        _("reference"), max_length=120, null=True, blank=True, editable=False
    )

    objects = LoyaltyEntryQuerySet.as_manager()

    class Meta:
        db_table = "loyalty"
        verbose_name = _("loyalty entry")
        verbose_name_plural = _("loyalty entries")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="loyalty_reference_once"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=models.F("issued_at")),
                name="loyalty_expires_after_issue",
                violation_error_message=_("Points cannot expire before they are issued."),
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-issued_at"], name="loyalty_by_member"),
            models.Index(fields=["tier"], name="loyalty_by_tier"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.description}"


class ApiKey(models.Model):
    """A program's key. Only its SHA-256 is kept; the secret is shown once when the key is made."""

    name = CleanTextField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=12, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    event_code = models.CharField(
        _("only for event"), max_length=8, blank=True, help_text=_("An event's code. Empty: every event.")
    )
    created_by = models.ForeignKey(
        "platform.User", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        db_table = "api_keys"
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["secret_hash"], name="api_key_secret_unique")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        super().clean()
        unknown = sorted(set(self.scopes) - set(Scope.values))
        if unknown:
            raise ValidationError({"scopes": _("Unknown scopes: %(names)s.") % {"names": ", ".join(map(str, unknown))}})
