"""Forms of events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _

from events.models import Event

if TYPE_CHECKING:
    _EventModelForm = forms.ModelForm[Event]
else:
    _EventModelForm = forms.ModelForm

TIMES = ("starts_at", "ends_at", "closed_at")


class WallClockField(forms.SplitDateTimeField):
    """Date and time as a clock on the wall shows them; the form knows in which zone the wall stands."""

    def compress(self, data_list: Any) -> datetime | None:
        # Django would take the time as one of the organisation's zone here.
        if not data_list or None in data_list:
            return None
        return datetime.combine(*data_list)


class EventForm(_EventModelForm):
    """Times are typed and shown in the event's own time zone."""

    class Meta:
        model = Event
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TIMES:
            at = getattr(self.instance, name, None)
            if name in self.fields and at is not None:
                self.initial[name] = at.astimezone(self.instance.zone).replace(tzinfo=None)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "timezone" in self.fields and "timezone" not in cleaned:
            return cleaned
        zone = ZoneInfo(cleaned.get("timezone") or self.instance.timezone)
        for name in TIMES:
            typed = cleaned.get(name)
            if typed is None or typed.tzinfo is not None:
                continue
            at = typed.replace(tzinfo=zone)
            if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != typed:
                self.add_error(name, _("This time does not exist: the clocks go forward then."))
                continue
            cleaned[name] = at
        return cleaned
