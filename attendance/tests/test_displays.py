"""What an event's screen and its poster say at every moment, and to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import displays, eventcodes
from attendance.displays import Problem, Showing
from attendance.eventcodes import Kind
from attendance.tests.factories import AT
from checkin_project.platform.access import Actor, Role
from checkin_project.platform.tests import qrreader
from events.models import Event, ReviewStatus
from events.tests.factories import EVENING, make_event, make_group

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id=1, role=Role.STEWARD)
OPENS, CLOSES = EVENING - timedelta(hours=1), EVENING + timedelta(hours=3)
ROTATING, OFF = {"self_check_in": "rotating"}, {"self_check_in": "off"}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fields", "check_in", "at", "expected"),
    [
        ({}, {}, AT, Showing.OPEN),
        ({}, {}, OPENS, Showing.OPEN),
        ({}, {}, OPENS - SECOND, Showing.EARLY),
        ({}, {}, CLOSES, Showing.OPEN),
        ({}, {}, CLOSES + SECOND, Showing.CLOSED),
        ({"closed_at": AT - SECOND}, {}, AT, Showing.CLOSED),
        ({}, OFF, AT, Showing.OFF),
        ({}, OFF, OPENS - SECOND, Showing.OFF),
        ({}, OFF, CLOSES + SECOND, Showing.CLOSED),
        ({"stored_status": "draft"}, {}, AT, Showing.DRAFT),
        ({"review_status": ReviewStatus.PENDING}, {}, AT, Showing.DRAFT),
        ({"review_status": ReviewStatus.REJECTED}, {}, AT, Showing.DRAFT),
        ({"stored_status": "cancelled"}, {}, AT, Showing.CANCELLED),
        ({"stored_status": "cancelled"}, OFF, CLOSES + SECOND, Showing.CANCELLED),
    ],
)
def test_a_screen_has_a_code_or_a_reason(
    fields: dict[str, Any], check_in: dict[str, Any], at: datetime, expected: Showing
) -> None:
    event = make_event(check_in=check_in, **fields)

    screen = displays.screen(event, at=at)

    assert screen.showing is expected
    assert (screen.code is not None, screen.qr is not None) == (expected is Showing.OPEN,) * 2


@pytest.mark.parametrize("kind", list(Kind))
def test_the_picture_on_the_screen_is_a_code_that_works(kind: Kind) -> None:
    event = make_event(check_in={"self_check_in": kind})

    screen = displays.screen(event, at=AT)

    assert screen.qr
    assert screen.code
    text = qrreader.read(qrreader.drawn(screen.qr.path, screen.qr.size))
    assert text == screen.code.url == f"{settings.SITE_URL}/c/{screen.code.token}/"
    reading = eventcodes.read(screen.code.token, at=AT)
    assert (reading.event, reading.kind, reading.problem) == (event, kind, None)


def test_a_screen_waits_for_the_next_moment_that_changes_it() -> None:
    event = make_event()

    moments = [displays.screen(event, at=at).changes_at for at in (OPENS - SECOND, AT, CLOSES + SECOND)]

    assert moments == [OPENS, CLOSES, None]


def test_a_rotating_picture_changes_each_half_minute_and_a_posters_stays_calm() -> None:
    rotating, poster = make_event(check_in=ROTATING), make_event()

    def pictures(event: Event) -> int:
        moments = [AT + timedelta(seconds=seconds) for seconds in range(0, 120, 10)]
        return len({screen.code.url for at in moments if (screen := displays.screen(event, at=at)).code})

    assert (pictures(rotating), pictures(poster)) == (4, 1)


def test_a_posters_code_on_a_screen_is_never_near_its_end() -> None:
    event = make_event(ends_at=EVENING + timedelta(days=4))

    for hours in range(80):
        at = AT + timedelta(hours=hours, minutes=59)
        code = displays.screen(event, at=at).code
        assert code
        assert eventcodes.read(code.token, at=at + timedelta(hours=17)).problem is None


def test_a_withdrawn_code_leaves_the_screen_at_once() -> None:
    event = make_event()
    before = displays.screen(event, at=AT)

    eventcodes.withdraw(event, by=Actor(is_system=True, role=Role.SUPERVISOR), at=AT)
    after = displays.screen(Event.objects.select_related("check_in_settings").get(), at=AT)

    assert before.code
    assert after.code
    assert eventcodes.read(before.code.token, at=AT).problem == "code_revoked"
    assert eventcodes.read(after.code.token, at=AT).problem is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Moved"},
        {"location": "Hall"},
        {"starts_at": EVENING + timedelta(minutes=5)},
        {"ends_at": EVENING + timedelta(hours=5)},
        {"timezone": "Asia/Tokyo"},
        {"stored_status": "cancelled"},
        {"closed_at": AT - SECOND},
    ],
)
def test_a_screen_is_drawn_anew_when_what_it_shows_changed(change: dict[str, Any]) -> None:
    event = make_event()
    before = displays.screen(event, at=AT)

    for name, value in change.items():
        setattr(event, name, value)

    assert displays.screen(event, at=AT).version != before.version


def test_a_screen_is_not_drawn_anew_for_a_new_code() -> None:
    event = make_event(check_in=ROTATING)

    versions = {displays.screen(event, at=AT + timedelta(seconds=seconds)).version for seconds in range(0, 300, 7)}

    assert len(versions) == 1


def test_those_who_check_people_in_may_show_the_code() -> None:
    ours, other = make_group(), make_group()
    own, foreign, free = make_event(group=ours), make_event(group=other), make_event()
    group_steward = Actor(user_id=2, group_roles={ours.pk: Role.STEWARD})

    def may(actor: Actor) -> list[bool]:
        return [displays.event_for(actor, event.code) is not None for event in (own, foreign, free)]

    assert may(STEWARD) == [True, True, True]
    assert may(group_steward) == [True, False, False]
    assert may(Actor(user_id=3)) == [False, False, False]
    assert may(Actor()) == [False, False, False]


@pytest.mark.parametrize(
    ("fields", "check_in", "at", "problem"),
    [
        ({}, {}, AT, None),
        ({}, {}, OPENS - timedelta(hours=23), None),
        ({}, {}, OPENS - timedelta(hours=24), Problem.TOO_EARLY),
        ({}, {}, CLOSES + SECOND, Problem.CLOSED),
        ({}, ROTATING, AT, Problem.ROTATING),
        ({}, OFF, AT, Problem.OFF),
        ({"stored_status": "draft"}, {}, AT, Problem.DRAFT),
        ({"stored_status": "cancelled"}, {}, AT, Problem.CANCELLED),
    ],
)
def test_a_poster_is_made_or_says_why_not(
    fields: dict[str, Any], check_in: dict[str, Any], at: datetime, problem: Problem | None
) -> None:
    event = make_event(check_in=check_in, **fields)

    poster = displays.poster(event, at=at)

    assert poster.problem is problem
    assert (poster.qr is not None) == (poster.until is not None) == (problem is None)
    assert (poster.print_from is not None) == (problem is Problem.TOO_EARLY)


def test_a_poster_says_until_when_it_works() -> None:
    event = make_event()
    yesterday = OPENS - timedelta(hours=22)

    now, early = displays.poster(event, at=AT), displays.poster(event, at=yesterday)

    assert (now.until, now.ends_too_soon) == (CLOSES, False)
    assert (early.until, early.ends_too_soon) == (yesterday + timedelta(hours=24), True)
    assert early.qr
    assert early.until
    token = str(qrreader.read(qrreader.drawn(early.qr.path, early.qr.size))).rsplit("/", 2)[1]
    assert eventcodes.read(token, at=early.until - SECOND).problem is None
    assert eventcodes.read(token, at=early.until).problem == "code_expired"


def test_a_poster_never_says_midnight_which_people_read_as_either_day() -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    event = make_event(all_day=True, starts_at=midnight - timedelta(days=1), ends_at=midnight)

    assert displays.poster(event, at=AT).last_minute == midnight - timedelta(minutes=1)
    assert displays.poster(make_event(), at=AT).last_minute == CLOSES


def test_the_choice_holds_the_coming_week_of_those_events_one_works_at() -> None:
    group = make_group()
    make_event(name="Over", starts_at=EVENING - timedelta(days=1))
    make_event(name="Late tonight", starts_at=EVENING + timedelta(hours=3))
    make_event(name="Ours", group=group)
    make_event(name="Next week", starts_at=EVENING + timedelta(days=6))
    make_event(name="Far", starts_at=EVENING + timedelta(days=8))
    make_event(name="Cancelled", stored_status="cancelled")
    make_event(name="Pending", review_status=ReviewStatus.PENDING)

    everybody = [event.name for event in displays.coming_events(STEWARD, at=AT)]
    groups = displays.coming_events(Actor(user_id=2, group_roles={group.pk: Role.STEWARD}), at=AT)

    assert everybody == ["Ours", "Late tonight", "Next week"]
    assert [event.name for event in groups] == ["Ours"]


def test_chosen_events_that_are_not_ones_own_are_left_out() -> None:
    group = make_group()
    own, foreign = make_event(group=group), make_event()
    actor = Actor(user_id=2, group_roles={group.pk: Role.STEWARD})

    assert displays.events_for(actor, {own.code, foreign.code, "NOPENOPE"}) == [own]


@pytest.mark.parametrize("count", [1, 3])
def test_lists_take_one_query_and_posters_none(count: int) -> None:
    for _event in range(count):
        make_event(group=make_group())

    with CaptureQueriesContext(
        connection,
    ) as listing:
        events = displays.coming_events(STEWARD, at=AT)
        chosen = displays.events_for(STEWARD, {event.code for event in events})
    with CaptureQueriesContext(connection) as drawing:
        for event in chosen:
            displays.poster(event, at=AT)
            displays.screen(event, at=AT)

    assert (len(events), len(listing), len(drawing)) == (count, 2, 0)
