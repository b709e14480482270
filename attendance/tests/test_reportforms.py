"""What an address may ask a report for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from attendance.reportforms import AbsenceForm, FilterForm, FollowForm
from attendance.reports.attendees import USUAL, Absence
from attendance.reports.scope import NO_GROUP, Filters
from attendance.tests.reporting import AT, scoped
from checkin_project.platform.access import SYSTEM, Actor, Role
from events.tests.factories import EVENING, make_event, make_group, make_series

pytestmark = pytest.mark.django_db


def asked(*, actor: Actor = SYSTEM, **fields: Any) -> FilterForm:
    return FilterForm(fields, actor=actor, at=AT)


def test_nothing_asked_is_the_usual() -> None:
    form = asked(since="", nonsense="1")

    assert form.is_valid()
    assert form.filters == Filters(date(2025, 12, 1), date(2026, 11, 20))
    assert form.query == {"since": "2025-12-01", "until": "2026-11-20"}
    assert form.names == {"group": "All groups", "series": "All series"}


def test_days_a_group_and_a_series_are_read_from_the_address() -> None:
    group, series = make_group(name="Chess"), make_series(name="Run")
    form = asked(since="2026-01-02", until="2026-03-04", group=str(group.pk), series=str(series.pk))

    assert form.is_valid()
    assert form.filters == Filters(date(2026, 1, 2), date(2026, 3, 4), group.pk, series.pk)
    assert form.names == {"group": "Chess", "series": "Run"}
    nobodys = asked(group="none")
    assert nobodys.is_valid()
    assert nobodys.filters.group_id == NO_GROUP


@pytest.mark.parametrize(
    ("fields", "where", "sentence"),
    [
        ({"since": "yesterday"}, "since", "Enter a valid date."),
        ({"since": "2026-02-30"}, "since", "Enter a valid date."),
        ({"until": "0001-01-01"}, "since", "Choose days between 1970 and 2999."),
        ({"since": "9999-12-31", "until": "9999-12-31"}, "since", "Choose days between 1970 and 2999."),
        ({"since": "2026-11-21"}, "until", "The last day lies before the first one."),
        ({"since": "1990-01-01"}, "since", "Choose at most twenty years."),
        ({"group": "999999"}, "group", "That is not among what you may choose."),
        ({"series": "x' OR 1=1"}, "series", "That is not among what you may choose."),
    ],
)
def test_what_makes_no_sense_is_said(fields: dict[str, Any], where: str, sentence: str) -> None:
    assert asked(**fields).errors == {where: [sentence]}


def test_a_group_of_somebody_else_is_not_there_to_choose() -> None:
    own, foreign = make_group(), make_group()
    make_series(group=foreign)
    organiser = Actor(user_id=1, group_roles={own.pk: Role.ORGANISER})

    form = asked(actor=organiser)

    assert [key for key, _name in form.fields["group"].choices] == ["", str(own.pk)]  # type: ignore[attr-defined]
    assert [key for key, _name in form.fields["series"].choices] == [""]  # type: ignore[attr-defined]
    assert not asked(actor=organiser, group=str(foreign.pk)).is_valid()
    assert not asked(actor=organiser, group="none").is_valid()


def test_absence_is_as_usual_unless_it_makes_sense() -> None:
    assert AbsenceForm({}).absence == USUAL
    assert AbsenceForm({"missed": "6", "least": "1"}).absence == Absence(6, 1)
    assert AbsenceForm({"missed": "a lot", "least": "1"}).absence == USUAL


def test_two_things_to_come_to_are_chosen_among_those_of_the_range() -> None:
    group, series = make_group(name="Chess"), make_series(name="Run")
    event = make_event(name="Night", group=group, series=series, starts_at=EVENING - timedelta(days=3))
    make_event(name="Tomorrow", starts_at=datetime(2027, 1, 1, tzinfo=UTC))

    form = FollowForm({"a": f"s{series.pk}", "b": f"e{event.code}"}, scoped())

    assert form.fields["a"].choices == [  # type: ignore[attr-defined]
        ("", "Choose …"),
        ("Series", [(f"s{series.pk}", "Run")]),
        ("Groups", [(f"g{group.pk}", "Chess")]),
        ("Events", [(f"e{event.code}", "2026-11-17 Night")]),
    ]
    assert form.is_complete
    assert not FollowForm({"a": f"s{series.pk}"}, scoped()).is_complete
    assert FollowForm({"a": "s999", "b": "?"}, scoped()).errors == {
        "a": ["That is not among the events of these days."],
        "b": ["That is not among the events of these days."],
    }


def test_a_form_takes_two_queries(django_assert_num_queries: Any) -> None:
    for _number in range(3):
        make_series(group=make_group())

    with django_assert_num_queries(2):
        asked()
