"""What people type at the kiosk and about devices, as values."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from attendance import kiosk
from attendance.devices import PAIRING_LENGTH, Place
from attendance.models import Device
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import clean_text
from events.models import Event, Group, ReviewStatus
from members.models import Member
from members.registration import FIELDS

MOST_PEOPLE = 10
# A device is paired for events of these days.
PAIR_FROM, PAIR_UNTIL, MOST_EVENTS = timedelta(days=1), timedelta(days=30), 200


def tidy_pairing_code(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()


class OperationField(forms.UUIDField):
    """The attempt's id: made by the page's script, else the one in the form, else a new one."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value: Any) -> UUID:
        found: UUID | None = super().clean(value)
        return found or uuid4()


class CheckInForm(forms.Form):
    """One attempt at a kiosk: a chosen hit (`ref`) or what was typed (`entry`)."""

    entry = forms.CharField(max_length=200, required=False)
    ref = forms.CharField(max_length=200, required=False)
    operation_id = OperationField()
    party_size = forms.IntegerField(min_value=1, max_value=MOST_PEOPLE, required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and not values.get("entry") and not values.get("ref"):
            raise ValidationError(_("Type your V-number or name, or scan your pass."))
        return values

    @property
    def sentence(self) -> str:
        """The first thing that is wrong."""
        return next((str(message) for messages in self.errors.values() for message in messages), "")


class NewcomerForm(forms.Form):
    """The short form at a kiosk, made of the member's own fields. A valid one holds a Member that is not saved yet."""

    operation_id = OperationField()

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial, auto_id="new_%s")
        self.fields |= forms.fields_for_model(Member, FIELDS)
        self.fields["first_name"].required = True
        self.fields["classification"].choices = [("", _("Choose …")), *Member.Classification.choices]  # type: ignore[attr-defined]
        for name in FIELDS:
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.details = Member()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        # What is missing is NULL where many may have none, as everywhere in the records.
        missing = {name: None if Member._meta.get_field(name).null else "" for name in FIELDS}
        self.details = Member(**{name: values.get(name) or missing[name] for name in FIELDS})
        try:
            self.details.full_clean(validate_unique=False, validate_constraints=False)
        except ValidationError as problem:
            # What the form's own fields found is not said twice.
            fresh = {name: found for name, found in problem.error_dict.items() if name not in self.errors}
            self.add_error(None, ValidationError(fresh))
        self._refuse_what_is_taken()
        return values

    def _refuse_what_is_taken(self) -> None:
        """A number or address that is on record is said without a word about whose it is."""
        on_record = Member.objects.alias(address=Lower("student_email"))
        number, email = self.details.v_number, self.details.student_email
        if number and "v_number" not in self.errors and on_record.filter(v_number=number).exists():
            sentence = _("This V-number is on record already. Check in with it instead.")
            self.add_error("v_number", ValidationError(sentence, code="unique"))
        if email and "student_email" not in self.errors and on_record.filter(address=email.lower()).exists():
            sentence = _("This e-mail is on record already. Search your name instead, or leave the e-mail empty.")
            self.add_error("student_email", ValidationError(sentence, code="unique"))

    @staticmethod
    def from_typed(data: QueryDict) -> dict[str, str]:
        """What somebody typed before they turned out to be new, in the fields it belongs to."""
        typed = data.get("typed", "")[:200].strip()
        if not typed:
            return {}
        if not kiosk.is_name(typed):
            return {"v_number": typed} if kiosk.is_v_number(typed) else {}
        first, _space, last = typed.partition(" ")
        return {"first_name": first, "last_name": last.strip()}

    @property
    def known_number(self) -> str:
        """The V-number typed, when somebody on record has it: check in with it instead of registering again."""
        codes = {error.code for error in self.errors.as_data().get("v_number", ())} if self.is_bound else set()
        return str(self.details.v_number) if "unique" in codes else ""


class PinForm(forms.Form):
    pin = forms.CharField(
        label=_lazy("PIN"),
        max_length=8,
        widget=forms.PasswordInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "autofocus": True, "class": "pin__field"}
        ),
    )


class PairingCodeForm(forms.Form):
    """Six characters, however they were typed."""

    code = forms.CharField(
        label=_lazy("Pairing code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "pairing-code",
                "maxlength": "9",
            }
        ),
    )

    def clean_code(self) -> str:
        code = tidy_pairing_code(self.cleaned_data["code"])
        if len(code) != PAIRING_LENGTH:
            raise ValidationError(_("A pairing code has six characters."))
        return code


class PlaceForm(forms.Form):
    """What a new kiosk is for. Offers only events and groups in which `actor` manages devices."""

    where = forms.ChoiceField(label=_lazy("Checks people in to"))
    name = forms.CharField(label=_lazy("Name of the screen"), max_length=80, initial=_lazy("Kiosk"))
    gate = forms.CharField(
        label=_lazy("Where it stands"), max_length=80, required=False, help_text=_lazy("For example: main entrance.")
    )
    pin = forms.RegexField(
        label=_lazy("PIN to unlock it"),
        regex=r"^[0-9]{4,8}$",
        required=False,
        strip=True,
        help_text=_lazy("4 to 8 digits. Without one, only signed-in staff can change or unpair the kiosk."),
        error_messages={"invalid": _lazy("A PIN has 4 to 8 digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "8"}),
    )

    def __init__(self, *args: Any, actor: Actor, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = _places(actor, at)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"], max_length=80) or _("Kiosk")

    def clean_gate(self) -> str:
        return clean_text(self.cleaned_data["gate"], max_length=80)

    @property
    def place(self) -> Place:
        """The valid form as the rule wants it."""
        kind, _colon, number = self.cleaned_data["where"].partition(":")
        return Place(
            kind=Device.Kind.KIOSK,
            name=self.cleaned_data["name"],
            event_id=int(number) if kind == "event" else None,
            group_id=int(number) if kind == "today" and number else None,
            gate=self.cleaned_data["gate"],
            pin=self.cleaned_data["pin"],
        )


def _places(actor: Actor, at: datetime) -> list[tuple[str, Any]]:
    """Choices: today's events (all, or of one group), then single events by start. Two queries."""
    everywhere = actor.may(Permission.DEVICES)
    groups = Group.objects.filter(active=True)
    events = Event.objects.filter(
        ends_at__gte=at - PAIR_FROM,
        starts_at__lte=at + PAIR_UNTIL,
        review_status=ReviewStatus.APPROVED,
        stored_status=Event.Stored.SCHEDULED,
        duplicate_of__isnull=True,
    )
    if not everywhere:
        managed = actor.groups_where(Permission.DEVICES)
        groups, events = groups.filter(pk__in=managed), events.filter(group_id__in=managed)
    today = [("today", _("All of today’s events"))] if everywhere else []
    today += [(f"today:{group.pk}", _("Today’s events of %(group)s") % {"group": group.name}) for group in groups]
    single = [(f"event:{event.pk}", _named(event)) for event in events.order_by("starts_at", "pk")[:MOST_EVENTS]]
    return [(_("Whatever is on today"), today), (_("One event"), single)]


def _named(event: Event) -> str:
    start = formats.date_format(event.local_start, "MONTH_DAY_FORMAT")
    clock = "" if event.all_day else f", {formats.time_format(event.local_start, 'TIME_FORMAT')}"
    return f"{event.name} ({start}{clock})"
