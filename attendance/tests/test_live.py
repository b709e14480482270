"""Live numbers: counted from rows, announced after the commit, harmless when nobody listens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from attendance import live
from attendance.publisher import publisher
from attendance.registration import register
from attendance.stats import Counts, counts
from attendance.subjects import by_guest_name, by_member
from attendance.tests.factories import AT, come_in, go_out
from checkin_project.platform.access import SYSTEM
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def test_numbers_count_heads() -> None:
    event = make_event()
    ben, cleo = make_member(), make_member()
    register(by_member(ben.pk), event.code, by=SYSTEM, at=AT, party_size=2)
    register(by_member(cleo.pk), event.code, by=SYSTEM, at=AT)
    come_in(ben, event)
    come_in(by_guest_name("Dora"), event, party_size=3)
    go_out(by_guest_name("Dora"), event, at=AT + timedelta(minutes=1))

    found = counts(event.pk)

    assert found == Counts(expected=3, checked_in=5, inside=2, walk_ins=3, no_shows=0, shown=2)
    assert found.show_rate == pytest.approx(2 / 3)


def test_an_event_that_nobody_is_expected_at_has_no_rate() -> None:
    assert counts(make_event().pk).show_rate is None


def test_numbers_are_reused_within_their_age_and_counted_anew_after_a_change(
    settings: Settings, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = make_event()
    live.snapshot(event.pk)
    live.message_for(event, True)

    with CaptureQueriesContext(connection) as unchanged:
        live.snapshot(event.pk)
        live.message_for(event, True)
        live.message_for(event, False)
    with django_capture_on_commit_callbacks(execute=True):
        come_in(by_guest_name("Cleo"), event)

    assert len(unchanged) == 0
    assert live.snapshot(event.pk).checked_in == 1
    assert live.message_for(event, True)["checked_in"] == 1
    assert [one["name"] for one in live.message_for(event, True)["latest"]] == ["Cleo"]


def test_a_message_with_names_costs_two_questions_and_one_without_one() -> None:
    event = make_event()

    with CaptureQueriesContext(connection) as with_names:
        live.message_for(event, True)
    with CaptureQueriesContext(connection) as without:
        live.message_for(make_event(), False)

    assert len(with_names) == 2
    assert len([one for one in without.captured_queries if "capacity FROM events" in one["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_messages_the_later_one_has_the_higher_version(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 0
    event = make_event()

    versions = [live.message_for(event, False)["version"] for _time in range(20)]

    assert versions == sorted(set(versions))


@pytest.mark.django_db(transaction=True)
def test_a_check_in_counts_although_its_announcement_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(publisher, "mark", fail)

    result = come_in(make_member(), make_event(capacity=5))

    assert result.outcome == "checked_in"
    assert "broken on purpose" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_refusals_are_announced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[int] = []
    event, ben = make_event(), make_member()
    come_in(ben, event)
    monkeypatch.setattr(publisher, "mark", lambda event_id, _code: marked.append(event_id))

    come_in(ben, event)

    assert marked == [event.pk]
