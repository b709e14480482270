"""An event's check-in settings as staff change them during the event: several people may, and nobody is overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.models import User
from events.models import CheckInSettings, Event

if TYPE_CHECKING:
    _SettingsModelForm = forms.ModelForm[CheckInSettings]
else:
    _SettingsModelForm = forms.ModelForm

# As the model's own validators allow.
MOST_MINUTES, MOST_POINTS = 2 * 24 * 60, 10_000
Words = str | Promise


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, with what they are about."""

    title: Words
    help: Words
    names: tuple[str, ...]


GROUPS = (
    Group(
        _lazy("When check-in is open"),
        _lazy("Before and after, every door answers “too early” or “closed”."),
        ("opens_minutes_before", "closes_minutes_after"),
    ),
    Group(
        _lazy("Who comes in"),
        _lazy("What the doors do with people who are not on the list, or were in before."),
        ("walk_ins", "reentry", "require_check_out", "points"),
    ),
    Group(
        _lazy("Self check-in"),
        _lazy("People scan the event’s code with their own phone."),
        ("self_check_in",),
    ),
    Group(
        _lazy("Scanners"),
        _lazy("Phones and readers in the hands of your helpers."),
        ("scan_mode", "guest_scanning", "offline_mode"),
    ),
    Group(
        _lazy("Screens and sounds"),
        _lazy("What kiosks, scanners and the dashboard make of an arrival."),
        ("show_popup", "play_sound", "highlight_checked_in", "alert_on_duplicate", "alert_on_walk_in"),
    ),
)
NAMES = tuple(name for group in GROUPS for name in group.names)
LABELS: dict[str, Words] = {
    "opens_minutes_before": _lazy("Opens, minutes before the start"),
    "closes_minutes_after": _lazy("Closes, minutes after the end"),
    "walk_ins": _lazy("People who are not on the list"),
    "reentry": _lazy("Coming in again"),
    "require_check_out": _lazy("People check out when they leave"),
    "points": _lazy("Points for coming"),
    "self_check_in": _lazy("The event’s code"),
    "scan_mode": _lazy("What a scan does"),
    "guest_scanning": _lazy("Helpers may scan without an account"),
    "offline_mode": _lazy("Scanners go on without a network"),
    "show_popup": _lazy("Pop-up on arrival"),
    "play_sound": _lazy("Sounds"),
    "highlight_checked_in": _lazy("Highlight who is in"),
    "alert_on_duplicate": _lazy("Alert when somebody is scanned twice"),
    "alert_on_walk_in": _lazy("Alert when somebody walks in"),
}
HELP: dict[str, Words] = {
    "require_check_out": _lazy("Doors offer check-out, so that “inside” is true and seats become free."),
    "points": _lazy("Each member gets them once. Check-ins of before keep what they were given."),
    "guest_scanning": _lazy("With a phone that was paired from the devices page."),
    "offline_mode": _lazy("They keep what they scanned and send it when the network is back."),
    "show_popup": _lazy("The dashboard shows each name for a moment."),
}
CHOICES: dict[str, tuple[tuple[str, Words], ...]] = {
    "walk_ins": (
        (CheckInSettings.WalkIns.ADD, _lazy("Add them: anybody comes in and is counted as a walk-in")),
        (CheckInSettings.WalkIns.ASK, _lazy("Ask: somebody at the door confirms each of them")),
        (CheckInSettings.WalkIns.REFUSE, _lazy("Refuse them: only people on the list come in")),
    ),
    "reentry": (
        (CheckInSettings.Reentry.ONCE, _lazy("Once: a second scan answers “already in”")),
        (CheckInSettings.Reentry.AFTER_EXIT, _lazy("Again after checking out")),
        (CheckInSettings.Reentry.UNLIMITED, _lazy("As often as they like: every scan is an entry")),
    ),
    "self_check_in": (
        (CheckInSettings.SelfCheckIn.OFF, _lazy("Off: codes that are out there stop working at once")),
        (CheckInSettings.SelfCheckIn.POSTER, _lazy("Poster: a printed code that works for 24 hours")),
        (
            CheckInSettings.SelfCheckIn.ROTATING,
            _lazy("Screen: a new code every 30 seconds, so that a photo sent home is of no use"),
        ),
    ),
    "scan_mode": (
        (CheckInSettings.ScanMode.RAPID, _lazy("Rapid: a scan checks in")),
        (CheckInSettings.ScanMode.VERIFICATION, _lazy("Verification: the name is shown, a tap checks in")),
        (CheckInSettings.ScanMode.MANUAL, _lazy("Manual: people are looked up by name")),
    ),
}


class SettingsForm(_SettingsModelForm):
    """All settings of one event. With each field travels what was shown, so that `save` knows what changed."""

    class Meta:
        model = CheckInSettings
        fields = NAMES

    def __init__(self, data: Mapping[str, Any] | None = None, *, event: Event) -> None:
        super().__init__(data, instance=event.check_in_settings, auto_id="settings_%s")
        # Before what was typed is tried out on the object.
        self.window = event.check_in_settings.window(event)
        for name in NAMES:
            self.fields[name] = _plain_field(name, self.fields[name])

    @property
    def groups(self) -> Iterator[tuple[Group, list[forms.BoundField]]]:
        for group in GROUPS:
            yield group, [self[name] for name in group.names]

    def seen(self, name: str) -> Any:
        """The field's value when the page was read; as it is now when the page did not say."""
        bound = self[name]
        told = bound.field.hidden_widget().value_from_datadict(self.data, self.files, bound.html_initial_name)
        try:
            return self.initial[name] if told is None else bound.field.to_python(told)
        except ValidationError:
            return self.initial[name]


def _plain_field(name: str, of_model: forms.Field) -> forms.Field:
    """The model's field in plain words, with the value that the page was read with beside it."""
    shared: dict[str, Any] = {"label": LABELS[name], "help_text": HELP.get(name, ""), "show_hidden_initial": True}
    if name in CHOICES:
        sentence = _("Choose one.")
        errors = {"required": sentence, "invalid_choice": sentence}
        return forms.ChoiceField(choices=CHOICES[name], widget=forms.RadioSelect, error_messages=errors, **shared)
    if isinstance(of_model, forms.IntegerField):
        most = MOST_POINTS if name == "points" else MOST_MINUTES
        sentence = _("Type a whole number from 0 to %(most)d.") % {"most": most}
        errors = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
        return forms.IntegerField(min_value=0, max_value=most, error_messages=errors, **shared)
    return forms.BooleanField(required=False, **shared)


@dataclass(frozen=True, slots=True)
class Saved:
    """`done` is False when somebody else changed the same field: then `form` asks, with what was typed kept in it.

    `changed` are the names of the fields that were written; `meanwhile` one sentence per field that others changed
    since the page was read and that was left as they set it.
    """

    done: bool
    changed: tuple[str, ...] = ()
    meanwhile: tuple[str, ...] = ()
    form: SettingsForm | None = None


def form_for(event: Event, data: QueryDict | None = None) -> SettingsForm:
    """The form of the event's settings as they are, or as they were typed (`data`). No query if they are loaded."""
    return SettingsForm(data, event=event)


def save(event: Event, form: SettingsForm, by: Actor, at: datetime) -> Saved:
    """Write the fields that the valid `form` changed, and only those; every door obeys from the commit on.

    Holds the settings' row. A field that two people changed to different values is not written: nothing of the form
    is then, and the result asks. Keeps who and when. Raises PermissionDenied for whoever does not organise the event.
    """
    if not by.may(Permission.EVENTS, event.group_id):
        raise PermissionDenied
    wanted = {name: form.cleaned_data[name] for name in NAMES if form.cleaned_data[name] != form.seen(name)}
    with transaction.atomic():
        current = CheckInSettings.objects.select_for_update().get(event=event)
        now = {name: getattr(current, name) for name in NAMES}
        foreign = [name for name in NAMES if now[name] != form.seen(name) and now[name] != wanted.get(name)]
        clashes = [name for name in foreign if name in wanted]
        if clashes:
            return Saved(done=False, form=_asking(event, form, current, foreign, clashes))
        changed = tuple(name for name, value in wanted.items() if now[name] != value)
        for name in changed:
            setattr(current, name, wanted[name])
        if changed:
            # Saving tells screens and kiosks, after the commit (`announcing`).
            current.event = event
            _write(current, changed, by=by, at=at)
    said = _by_whom(current) if foreign else ""
    return Saved(True, changed, tuple(_changed_meanwhile(name, now[name], said) for name in foreign))


def _write(current: CheckInSettings, changed: tuple[str, ...], *, by: Actor, at: datetime) -> None:
    current._history_date = at  # type: ignore[attr-defined]
    if by.user_id is not None:
        current._history_user = User.objects.filter(pk=by.user_id).first()  # type: ignore[attr-defined]
    current.save(update_fields=changed)


def _asking(
    event: Event, form: SettingsForm, current: CheckInSettings, foreign: list[str], clashes: list[str]
) -> SettingsForm:
    """The form again: what was typed where both changed a field, what others set elsewhere."""
    event.check_in_settings = current
    data = QueryDict(mutable=True)
    for name in NAMES:
        value = getattr(current, name)
        data[form.add_initial_prefix(name)] = str(value)
        shown = value if name in foreign and name not in clashes else form.cleaned_data[name]
        if shown is not False:
            data[name] = "on" if shown is True else str(shown)
    asking, said = SettingsForm(data, event=event), _by_whom(current)
    for name in clashes:
        sentence = _changed_meanwhile(name, getattr(current, name), said)
        asking.add_error(name, sentence + " " + _("Save again to replace it with yours."))
    return asking


def _changed_meanwhile(name: str, value: Any, by_whom: str) -> str:
    words = {"field": LABELS[name], "value": _said(name, value), "who": by_whom}
    if by_whom:
        return _("Changed by %(who)s meanwhile – %(field)s: %(value)s.") % words
    return _("Changed meanwhile – %(field)s: %(value)s.") % words


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(dict(CHOICES.get(name, ())).get(value, value)).split(":")[0]


def _by_whom(current: CheckInSettings) -> str:
    """Who changed these settings last; "" when nobody is known."""
    # In the order of writing: a clock that was set back must not name somebody else.
    last = current.history.select_related("history_user").order_by("-history_id").first()
    user = last.history_user if last else None
    return (user.get_full_name() or user.get_username()) if user else ""
