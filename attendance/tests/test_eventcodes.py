"""Event codes: what is accepted, what is not, and for how long."""

import re
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.signing import Signer
from pytest_django import Settings

from attendance import codesessions, eventcodes, references
from attendance.eventcodes import Kind, Reading, SelfCheckInOff
from attendance.models import Method
from attendance.outcomes import Outcome
from attendance.tests.factories import AT, STEWARD, SUPERVISOR
from checkin_project.platform.access import Actor, Role
from checkin_project.platform.tests.factories import make_user
from events.models import CheckInSettings, Event
from events.tests.factories import make_event, make_group

pytestmark = pytest.mark.django_db
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
INVALID = Reading(problem=Outcome.CODE_INVALID)


def coded_event(kind: str = "poster", **fields: Any) -> Event:
    return make_event(check_in={"self_check_in": kind}, **fields)


def change(event: Event, **rules: Any) -> Event:
    """The event as the next request reads it, after staff changed its settings."""
    CheckInSettings.objects.filter(event=event).update(**rules)
    return Event.objects.select_related("check_in_settings").get(pk=event.pk)


# --- What a code is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_a_code_says_which_event_it_is_for(kind: Kind) -> None:
    event = coded_event(kind)

    reading = eventcodes.read(eventcodes.issue(event, at=AT).token, at=AT)

    assert (reading.event, reading.kind, reading.problem) == (event, kind, None)


def test_its_address_is_built_from_the_sites_own_and_fits_a_small_qr_code(settings: Settings) -> None:
    settings.SITE_URL = "https://check.example.org"

    code = eventcodes.issue(coded_event(), at=AT)

    assert code.url == f"https://check.example.org/c/{code.token}/"
    assert re.fullmatch(r"[A-Z0-9.]{38}", code.token)


def test_a_rotating_code_is_the_same_all_through_its_half_minute_and_then_another() -> None:
    event = coded_event("rotating")

    tokens = [eventcodes.issue(event, at=AT + n * SECOND).token for n in (0, 29, 30)]
    code = eventcodes.issue(event, at=AT + 12 * SECOND)

    assert tokens[0] == tokens[1] != tokens[2]
    assert (code.issued_at, code.renews_at, code.expires_at) == (AT, AT + 30 * SECOND, AT + 60 * SECOND)


def test_an_event_without_self_check_in_has_no_code() -> None:
    with pytest.raises(SelfCheckInOff):
        eventcodes.issue(coded_event("off"), at=AT)


def test_a_poster_is_a_door_of_its_own() -> None:
    assert (Kind.POSTER.method, Kind.ROTATING.method) == (Method.POSTER, Method.SELF)


# --- Forged and foreign -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_no_code_with_one_character_changed_is_accepted(kind: Kind) -> None:
    token = eventcodes.issue(coded_event(kind), at=AT).token
    marks = string.ascii_letters + string.digits + ".-_~:%+é "

    accepted = [
        (place, mark)
        for place, old in enumerate(token)
        for mark in marks
        if mark != old and eventcodes.read(token[:place] + mark + token[place + 1 :], at=AT) != INVALID
    ]

    assert accepted == []
    assert eventcodes.read(token, at=AT).problem is None


def test_nothing_may_be_missing_added_or_swapped() -> None:
    token = eventcodes.issue(coded_event(), at=AT).token
    body, tag = token.split(".")
    cut = [token[:n] for n in range(len(token))] + [token[n:] for n in range(1, len(token))]
    grown = [token + "A", "A" + token, token + ".", f"{token}.{tag}", f"{body}..{tag}", f"{body}.{tag}\n", token * 40]
    other = eventcodes.issue(coded_event(), at=AT).token.split(".")

    for changed in [*cut, *grown, f"{body}.{other[1]}", f"{other[0]}.{tag}", token.lower(), body, "", ".", "\x00"]:
        assert eventcodes.read(changed, at=AT) == INVALID, changed


def test_what_is_not_ours_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        eventcodes.read("K7M3Q9XAP0T3K9ZC1.AAAAAAAAAAAAAAAAAAAA", at=AT)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_kind_of_a_code_cannot_be_changed_even_by_one_who_may_sign_for_another_purpose(kind: Kind) -> None:
    """Each purpose has a salt of its own: the same words signed for another one are worth nothing."""
    other = Kind.ROTATING if kind is Kind.POSTER else Kind.POSTER
    body = eventcodes.issue(coded_event(kind), at=AT).token.split(".")[0]

    for purpose in (other.value, "session", "remember"):
        assert eventcodes.read(eventcodes.CodeSigner(purpose).sign(body), at=AT) == INVALID
    assert eventcodes.read(eventcodes.CodeSigner(kind).sign(body), at=AT).problem is None


def test_what_a_kiosk_holds_is_no_event_code_and_no_session() -> None:
    reference = references.seal(1, device_id=1, event_code=coded_event().code, at=AT)

    assert eventcodes.read(reference, at=AT) == INVALID
    assert eventcodes.read(reference[:38], at=AT) == INVALID
    assert codesessions.find(reference) is None


def test_a_code_signed_with_the_sites_secret_is_none(settings: Settings) -> None:
    event = coded_event()
    theirs = eventcodes.CodeSigner(Kind.POSTER)
    theirs.key = settings.SECRET_KEY
    body = eventcodes.issue(event, at=AT).token.split(".")[0]

    assert eventcodes.read(theirs.sign(body), at=AT) == INVALID
    assert eventcodes.read(Signer(sep=".").sign(body), at=AT) == INVALID


def test_a_code_of_an_event_that_is_gone_is_none() -> None:
    event = coded_event()
    token = eventcodes.issue(event, at=AT).token
    event.delete()

    assert eventcodes.read(token, at=AT) == INVALID


# --- Time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "problem"),
    [
        (timedelta(0), None),
        (24 * HOUR - 10 * SECOND, None),
        (24 * HOUR + 10 * SECOND, Outcome.CODE_EXPIRED),
        (400 * 24 * HOUR, Outcome.CODE_EXPIRED),
        (-60 * SECOND, None),
        (-61 * SECOND, Outcome.CODE_INVALID),
        (-2 * HOUR, Outcome.CODE_INVALID),
    ],
)
def test_a_poster_lives_a_day_and_never_comes_from_the_future(age: timedelta, problem: Outcome | None) -> None:
    event = coded_event()
    token = eventcodes.issue(event, at=AT).token

    reading = eventcodes.read(token, at=AT + age)

    assert (reading.event, reading.problem) == (event, problem)


@pytest.mark.parametrize(
    ("seconds", "problem"),
    [
        (0, None),
        (29, None),
        (59, None),
        (60, Outcome.CODE_EXPIRED),
        (120, Outcome.CODE_EXPIRED),
        (-60, None),
        (-61, Outcome.CODE_INVALID),
    ],
)
def test_of_rotating_codes_the_current_and_the_one_before_are_accepted(seconds: int, problem: Outcome | None) -> None:
    token = eventcodes.issue(coded_event("rotating"), at=AT).token

    assert eventcodes.read(token, at=AT + seconds * SECOND).problem is problem


@pytest.mark.parametrize("year", [1970, 2026, 2200])
def test_a_code_keeps_its_form_through_the_years(year: int) -> None:
    at = datetime(year, 1, 2, tzinfo=UTC)
    token = eventcodes.issue(coded_event(), at=at).token

    assert (eventcodes.read(token, at=at).issued_at, len(token)) == (at, 38)


# --- Withdrawing and changing -----------------------------------------------------------------------------------------


def test_withdrawing_ends_every_code_at_once_and_new_ones_work() -> None:
    event = coded_event()
    old = eventcodes.issue(event, at=AT).token

    eventcodes.withdraw(event, by=SUPERVISOR, at=AT)

    event = change(event)
    assert eventcodes.read(old, at=AT) == Reading(event, Kind.POSTER, AT, 1, Outcome.CODE_REVOKED)
    assert eventcodes.read(eventcodes.issue(event, at=AT).token, at=AT).problem is None


def test_who_withdrew_and_when_is_kept() -> None:
    event, user = coded_event(), make_user(role=Role.SUPERVISOR)

    eventcodes.withdraw(event, by=Actor(user_id=user.pk, role=Role.SUPERVISOR), at=AT)

    latest = event.check_in_settings.history.latest("history_id")
    assert latest is not None
    assert (latest.code_version, latest.history_date, latest.history_user) == (2, AT, user)


@pytest.mark.parametrize("by", [Actor(), STEWARD, Actor(user_id=1, group_roles={-1: Role.ORGANISER})])
def test_only_supervisors_of_the_event_withdraw(by: Actor) -> None:
    event = coded_event(group=make_group())

    with pytest.raises(PermissionDenied):
        eventcodes.withdraw(event, by=by, at=AT)

    assert change(event).check_in_settings.code_version == 1


@pytest.mark.parametrize("kind", list(Kind))
def test_a_change_of_the_way_withdraws_codes_of_the_other_kind(kind: Kind) -> None:
    event = coded_event(kind)
    token = eventcodes.issue(event, at=AT).token

    for other in {"off", "poster", "rotating"} - {kind.value}:
        change(event, self_check_in=other)
        assert eventcodes.read(token, at=AT).problem is Outcome.CODE_REVOKED


def test_a_code_too_old_says_so_before_it_says_withdrawn() -> None:
    event = coded_event("rotating")
    token = eventcodes.issue(event, at=AT).token
    change(event, code_version=9)

    assert eventcodes.read(token, at=AT + HOUR).problem is Outcome.CODE_EXPIRED


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_the_first_key_signs_and_every_key_verifies(settings: Settings) -> None:
    event, old, new = coded_event(), "o" * 50, "n" * 50

    def issued_with(*keys: str) -> str:
        settings.QR_SIGNING_KEYS = list(keys)
        return eventcodes.issue(event, at=AT).token

    before, after, direct = issued_with(old), issued_with(new, old), issued_with(new)

    assert before != after == direct
    settings.QR_SIGNING_KEYS = [new, old]
    assert eventcodes.read(before, at=AT).problem is None
    settings.QR_SIGNING_KEYS = [new]
    assert eventcodes.read(before, at=AT) == INVALID
    assert eventcodes.read(after, at=AT).problem is None


def test_the_sites_former_secrets_verify_no_event_code(settings: Settings) -> None:
    event, leaked = coded_event(), "l" * 50
    settings.QR_SIGNING_KEYS = [leaked]
    token = eventcodes.issue(event, at=AT).token

    settings.QR_SIGNING_KEYS, settings.SECRET_KEY_FALLBACKS = ["n" * 50], [leaked]

    assert eventcodes.read(token, at=AT) == INVALID
