"""The settings of an event, changed by several people at once: only what was changed is written."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Field
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from attendance import live
from attendance.settingspanel import CHOICES, GROUPS, NAMES, Saved, SettingsForm, form_for, save
from attendance.tests.factories import AT
from attendance.tests.racing import together
from checkin_project.platform.access import SYSTEM, Actor, Role, actor_for
from checkin_project.platform.tests.factories import make_user
from events.models import CheckInSettings, Event
from events.tests.factories import make_event, make_group

pytestmark = pytest.mark.django_db


def fresh(event: Event) -> Event:
    return Event.objects.select_related("check_in_settings").get(pk=event.pk)


def page_of(event: Event) -> QueryDict:
    """What a browser sends back when nobody has touched the page."""
    form = form_for(fresh(event))
    data = QueryDict(mutable=True)
    for name in NAMES:
        value = form.initial[name]
        data[form.add_initial_prefix(name)] = str(value)
        if value is not False:
            data[name] = "on" if value is True else str(value)
    return data


def touched(page: QueryDict, **values: Any) -> QueryDict:
    """The page with some fields changed; None takes a tick away."""
    data = page.copy()
    for name, value in values.items():
        if value is None:
            data.pop(name, None)
        else:
            data[name] = value
    return data


def send(event: Event, data: QueryDict, by: Actor = SYSTEM, minutes: int = 0) -> Saved:
    event = fresh(event)
    form = form_for(event, data)
    assert form.is_valid(), form.errors
    return save(event, form, by=by, at=AT + timedelta(minutes=minutes))


def stored(event: Event) -> CheckInSettings:
    return CheckInSettings.objects.get(event=event)


def test_every_setting_that_staff_may_change_is_in_the_panel_once() -> None:
    # The version of the codes is raised by withdrawing them, never by hand.
    of_model = {field.name for field in CheckInSettings._meta.get_fields()} - {"id", "event", "code_version"}

    assert set(NAMES) == of_model
    assert len(NAMES) == len(set(NAMES)) == sum(len(group.names) for group in GROUPS)


def test_every_choice_of_the_model_has_plain_words() -> None:
    for name, choices in CHOICES.items():
        field = CheckInSettings._meta.get_field(name)
        assert isinstance(field, Field)
        values = [value for value, _label in field.choices or ()]
        assert sorted(value for value, _words in choices) == sorted(values)


def test_only_what_was_changed_is_written_with_who_and_when() -> None:
    event, ana = make_event(), make_user()

    saved = send(event, touched(page_of(event), walk_ins="refuse", play_sound=None), by=actor_for(ana), minutes=5)

    assert saved == Saved(done=True, changed=("walk_ins", "play_sound"))
    assert (stored(event).walk_ins, stored(event).play_sound) == ("refuse", False)
    version = stored(event).history.latest("history_id")
    assert (version.walk_ins, version.history_user, version.history_date) == ("refuse", ana, AT + timedelta(minutes=5))


def test_saving_an_untouched_page_writes_nothing() -> None:
    event = make_event()
    page = page_of(event)
    CheckInSettings.objects.filter(event=event).update(walk_ins="refuse")

    saved = send(event, page)

    assert (saved.done, saved.changed) == (True, ())
    assert stored(event).walk_ins == "refuse"
    assert stored(event).history.count() == 1


def test_two_people_who_change_different_fields_both_get_what_they_want() -> None:
    event, ana = make_event(), make_user(first_name="Ana", last_name="Ruiz")
    page = page_of(event)
    send(event, touched(page, walk_ins="refuse"), by=actor_for(ana))

    saved = send(event, touched(page, reentry="unlimited"), minutes=1)

    assert (stored(event).walk_ins, stored(event).reentry) == ("refuse", "unlimited")
    assert saved.changed == ("reentry",)
    assert len(saved.meanwhile) == 1
    assert "People who are not on the list: Refuse them" in saved.meanwhile[0]


def test_a_field_that_both_changed_asks_and_names_who_was_quicker() -> None:
    event, ana = make_event(), make_user(first_name="Ana", last_name="Ruiz")
    page = page_of(event)
    send(event, touched(page, walk_ins="refuse", points="7"), by=actor_for(ana))

    second = send(event, touched(page, walk_ins="ask", reentry="unlimited"), minutes=1)

    assert (second.done, second.changed) == (False, ())
    assert (stored(event).walk_ins, stored(event).reentry) == ("refuse", "once")
    assert second.form is not None
    asked = str(second.form.errors["walk_ins"])
    assert "Ana Ruiz" in asked
    assert "Refuse them" in asked
    # What was typed is kept, what Ana set elsewhere is shown.
    assert [second.form[name].value() for name in ("walk_ins", "reentry", "points")] == ["ask", "unlimited", "7"]


def test_saving_again_after_being_asked_replaces_the_others_choice() -> None:
    event = make_event()
    page = page_of(event)
    send(event, touched(page, walk_ins="refuse", show_popup=None))
    asked = send(event, touched(page, walk_ins="ask"), minutes=1).form
    assert isinstance(asked, SettingsForm)
    assert isinstance(asked.data, QueryDict)

    saved = send(event, asked.data, minutes=2)

    assert saved == Saved(done=True, changed=("walk_ins",))
    assert (stored(event).walk_ins, stored(event).show_popup) == ("ask", False)


def test_two_people_who_want_the_same_agree() -> None:
    event = make_event()
    page = page_of(event)
    send(event, touched(page, walk_ins="refuse"))

    assert send(event, touched(page, walk_ins="refuse")) == Saved(done=True)


@pytest.mark.parametrize("typed", ["", "-1", "2881", "ten", "1.5"])
def test_a_number_that_makes_no_sense_is_refused_in_words_and_kept(typed: str) -> None:
    event = make_event()

    form = form_for(fresh(event), touched(page_of(event), opens_minutes_before=typed))

    assert form.errors == {"opens_minutes_before": ["Type a whole number from 0 to 2880."]}
    assert form["opens_minutes_before"].value() == typed


@pytest.mark.parametrize("name", sorted(CHOICES))
@pytest.mark.parametrize("typed", ["", "nonsense"])
def test_a_choice_that_does_not_exist_is_refused(name: str, typed: str) -> None:
    form = form_for(fresh(event := make_event()), touched(page_of(event), **{name: typed}))

    assert form.errors == {name: ["Choose one."]}


def test_nonsense_in_the_hidden_values_changes_nothing_by_itself() -> None:
    event = make_event()
    page = page_of(event)
    page["initial-points"] = "x" * 100
    page["initial-walk_ins"] = "nonsense"

    saved = send(event, page)

    # The page claims to have seen something else, so it is told, and nothing is written.
    assert saved.changed == ()
    assert (stored(event).walk_ins, stored(event).points) == ("add", 0)


def test_only_organisers_of_the_event_save() -> None:
    group = make_group()
    event = make_event(group=group)
    data = touched(page_of(event), walk_ins="refuse")

    with pytest.raises(PermissionDenied):
        send(event, data, by=Actor(user_id=1, group_roles={group.pk: Role.SUPERVISOR}))
    with pytest.raises(PermissionDenied):
        send(event, data, by=Actor(user_id=2, group_roles={make_group().pk: Role.ORGANISER}))

    assert stored(event).walk_ins == "add"


def test_screens_are_told_once_something_was_changed_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event()
    page = page_of(event)
    told: list[str] = []
    monkeypatch.setattr(live, "announce_settings", lambda _pk, code: told.append(code))

    send(event, page)
    assert told == []
    send(event, touched(page, walk_ins="ask"))

    assert told == [event.code]


def test_saving_takes_the_same_few_statements_for_one_field_and_for_many() -> None:
    def statements(**values: Any) -> int:
        event = fresh(make_event())
        form = form_for(event, touched(page_of(event), **values))
        assert form.is_valid()
        with CaptureQueriesContext(connection) as captured:
            save(event, form, by=SYSTEM, at=AT)
        return len(captured)

    many = statements(walk_ins="ask", reentry="unlimited", points="3", play_sound=None)

    assert statements(walk_ins="ask") == many <= 5


@pytest.mark.django_db(transaction=True)
def test_ten_people_at_once_lose_nobodys_field() -> None:
    event = make_event()
    page = page_of(event)
    changes: list[dict[str, Any]] = [
        {"walk_ins": "refuse"},
        {"reentry": "unlimited"},
        {"points": "7"},
        {"scan_mode": "manual"},
        {"self_check_in": "off"},
        {"play_sound": None},
        {"show_popup": None},
        {"opens_minutes_before": "5"},
        {"closes_minutes_after": "6"},
        {"require_check_out": "on"},
    ]

    saved = together([partial(send, event, touched(page, **change)) for change in changes])

    assert [each.done for each in saved] == [True] * len(changes)
    now = page_of(event)
    assert {name: now.get(name) for change in changes for name in change} == {
        name: value for change in changes for name, value in change.items()
    }


@pytest.mark.django_db(transaction=True)
def test_of_ten_different_values_for_one_field_one_is_saved_and_nine_ask() -> None:
    event = make_event()
    page = page_of(event)

    saved = together([partial(send, event, touched(page, points=str(points))) for points in range(1, 11)])

    assert sorted(each.done for each in saved) == [False] * 9 + [True]
