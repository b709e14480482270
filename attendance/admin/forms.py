"""Adding somebody to an event by hand; the values go to the rule."""

from __future__ import annotations

from typing import Any, cast
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import GUEST_NAME_LENGTH, Attendance
from attendance.subjects import Subject, by_guest_name, by_member
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import clean_text
from events.models import Event
from members.models import Member

MOST_PEOPLE = 500


class AddAttendanceForm(forms.Form):
    """Who, where, and whether they are there already. The hidden operation id makes a second click harmless."""

    CHECK_IN, REGISTER = "check_in", "register"

    event = forms.ModelChoiceField(
        Event.objects.none(),
        label=gettext_lazy("Event"),
        widget=AutocompleteSelect(Attendance._meta.get_field("event"), admin.site),
    )
    member = forms.ModelChoiceField(
        Member.objects.none(),
        label=gettext_lazy("Member"),
        required=False,
        widget=AutocompleteSelect(Attendance._meta.get_field("member"), admin.site),
    )
    guest_name = forms.CharField(
        label=gettext_lazy("or guest"),
        max_length=GUEST_NAME_LENGTH,
        required=False,
        help_text=gettext_lazy("The name of somebody who is not a member."),
    )
    act = forms.ChoiceField(
        label=gettext_lazy("Do"),
        choices=[(CHECK_IN, gettext_lazy("Check in now")), (REGISTER, gettext_lazy("Register only"))],
        initial=CHECK_IN,
        widget=forms.RadioSelect,
    )
    party_size = forms.IntegerField(
        label=gettext_lazy("People"),
        min_value=1,
        max_value=MOST_PEOPLE,
        required=False,
        help_text=gettext_lazy("Empty: as registered, or one."),
    )
    walk_in_confirmed = forms.BooleanField(label=gettext_lazy("Let in although not registered"), required=False)
    override_reason = forms.CharField(
        label=gettext_lazy("Reason to override a refusal"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Lets somebody in although the event is full, closed or the like. Kept with your name."),
    )
    operation_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events = Event.objects.visible_to(actor)
        if not actor.may(Permission.SEARCH):
            events = events.filter(group_id__in=actor.groups_where(Permission.SEARCH))
        self._offer("event", events)
        self._offer("member", Member.objects.visible_to(actor))

    def _offer(self, name: str, rows: Any) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows

    def clean_override_reason(self) -> str:
        return clean_text(self.cleaned_data["override_reason"], max_length=300)

    def clean_guest_name(self) -> str:
        return clean_text(self.cleaned_data["guest_name"], max_length=GUEST_NAME_LENGTH)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = [name for name in ("member", "guest_name") if cleaned.get(name)]
        if not named and not {"member", "guest_name"} & set(self.errors):
            raise ValidationError(_("Choose a member, or type the name of a guest."), code="nobody")
        if len(named) == 2:
            raise ValidationError(_("Choose a member or type the name of a guest, not both."), code="both")
        return cleaned

    def renew_operation(self) -> None:
        """What is sent after a refusal is a new attempt; the old id would only hear the old answer again."""
        self.data = {**self.data, self.add_prefix("operation_id"): str(uuid4())}

    def subject(self) -> Subject:
        """Whom the valid form is about."""
        member = self.cleaned_data["member"]
        return by_member(member.pk) if member else by_guest_name(self.cleaned_data["guest_name"])
