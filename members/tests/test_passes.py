"""Passes: opaque, derived, one valid per member."""

from datetime import UTC, datetime, timedelta
from string import ascii_uppercase, digits

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from checkin_project.platform.access import Actor, Role
from members import passes
from members.models import Member, Pass
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
LATER = AT + timedelta(days=7)
ALPHABET = ascii_uppercase + digits


def test_a_code_has_130_bits_and_says_nothing_about_the_member() -> None:
    ben = make_member(first_name="Ben", last_name="Brown", v_number="V01234567")

    _pass, code = passes.issue(ben, at=AT)

    assert len(code) == 27
    assert passes.normalise(code) == code
    assert "BEN" not in code
    assert "1234567" not in code


def test_the_code_is_nowhere_in_the_database() -> None:
    pass_, code = passes.issue(make_member(), at=AT)

    stored = Pass.objects.values_list("nonce", "code_hash").get()

    assert code not in stored
    assert passes.code_of(pass_) == code


def test_issuing_again_gives_the_same_pass() -> None:
    ben = make_member()

    assert passes.issue(ben, at=AT)[1] == passes.issue(ben, at=AT)[1]
    assert Pass.objects.count() == 1


def test_reissuing_revokes_the_one_before() -> None:
    ben = make_member()
    first, old = passes.issue(ben, at=AT)

    second, new = passes.reissue(ben, at=AT)

    first.refresh_from_db()
    assert old != new
    assert (first.revoked_at, second.revoked_at) == (AT, None)


@pytest.mark.parametrize("text", ["", "P", "V01234567", "P" + "A" * 25, "P" + "A" * 27, "P" + "1" * 26])
def test_what_cannot_be_a_pass_is_not_taken_for_one(text: str) -> None:
    assert passes.normalise(text) == ""


def test_a_scanners_spelling_is_understood() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    assert passes.normalise(f" {code[:9].lower()}-{code[9:]} ") == code


@pytest.mark.parametrize("text", ["P\u2011{}", "p {}", " P\u00a0{}\t", "P\u2013{}\r\n"])
def test_dashes_and_spaces_of_any_kind_part_a_code(text: str) -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    assert passes.normalise(text.format(code[1:])) == code


def test_a_code_in_fours_is_read_as_the_code() -> None:
    _pass, code = passes.issue(make_member(), at=AT)

    assert passes.in_fours(code).startswith(f"P {code[1:5]} {code[5:9]} ")
    assert passes.normalise(passes.in_fours(code)) == code


def test_no_flipped_character_finds_a_pass() -> None:
    pass_, code = passes.issue(make_member(), at=AT)
    flipped = [
        code[:place] + other + code[place + 1 :]
        for place in range(len(code))
        for other in ALPHABET
        if other != code[place]
    ]

    found = Pass.objects.filter(code_hash__in=[passes.code_hash(passes.normalise(text)) for text in flipped])

    assert len(flipped) == 27 * 35
    assert list(found) == []
    assert passes.find(code) == pass_  # so the question can be answered with yes


@given(st.text(max_size=120))
def test_any_text_is_normalised_to_a_code_or_to_nothing(text: str) -> None:
    code = passes.normalise(text)

    assert code == "" or (len(code) == 27 and passes.normalise(code) == code)


def test_a_revoked_pass_is_found_as_well() -> None:
    ben = make_member()
    old, code = passes.issue(ben, at=AT)
    assert not passes.is_replaced(old)

    passes.reissue(ben, at=LATER)

    found = passes.find(code)
    assert found is not None
    assert (found.revoked_at, found.member) == (LATER, ben)
    assert passes.is_replaced(found)


def test_after_a_change_of_the_secret_key_a_pass_is_shown_only_with_the_old_one_as_fallback(settings: Settings) -> None:
    pass_, code = passes.issue(make_member(), at=AT)
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, "another key that is long enough to be one " * 2

    assert passes.code_of(pass_) == ""
    settings.SECRET_KEY_FALLBACKS = [old_key]
    assert passes.code_of(pass_) == code
    assert passes.find(code) == pass_


@pytest.mark.parametrize(
    ("fields", "name"),
    [({}, "Ben Brown"), ({"is_minor": True}, "Ben B."), ({"kiosk_hidden": True}, "Ben B.")],
)
def test_a_pass_names_minors_and_hidden_people_by_their_first_name(fields: dict[str, bool], name: str) -> None:
    assert passes.name_on(make_member(**fields)) == name


# --- Many at once -------------------------------------------------------------------------------


def test_many_get_a_pass_unless_they_have_one_or_are_blocked() -> None:
    ana, ben, _cleo = make_member(), make_member(), make_member()
    make_member(status=Member.Status.BLOCKED)
    kept, _code = passes.issue(ben, at=AT)

    given_ = passes.issue_many(Member.objects.all(), at=LATER)

    assert (len(given_.fresh), given_.had_one, given_.blocked, given_.replaced) == (2, 1, 1, ())
    assert Pass.objects.get(member=ben) == kept
    assert Pass.objects.get(member=ana).issued_at == LATER
    assert passes.find(passes.code_of(Pass.objects.get(member=ana))) is not None


def test_issuing_to_many_again_changes_nothing() -> None:
    make_member()
    passes.issue_many(Member.objects.all(), at=AT)
    before = list(Pass.objects.values())

    again = passes.issue_many(Member.objects.all(), at=LATER)

    assert (again.fresh, again.had_one) == ((), 1)
    assert list(Pass.objects.values()) == before


def test_reissuing_to_many_ends_what_they_had_and_skips_the_blocked() -> None:
    ben, blocked = make_member(), make_member(status=Member.Status.BLOCKED)
    old, _code = passes.issue(ben, at=AT)
    theirs, _code = passes.issue(blocked, at=AT)
    make_member()

    given_ = passes.reissue_many(Member.objects.all(), at=LATER)

    old.refresh_from_db()
    assert (len(given_.fresh), given_.replaced, given_.blocked) == (2, (old,), 1)
    assert old.revoked_at == LATER
    assert list(Pass.objects.valid().filter(member=blocked)) == [theirs]


def test_revoking_many_says_which_ended_and_is_safe_to_repeat() -> None:
    pass_, _code = passes.issue(make_member(status=Member.Status.BLOCKED), at=AT)
    make_member()

    ended = passes.revoke_many(Member.objects.all(), at=LATER)

    pass_.refresh_from_db()
    assert (ended, pass_.revoked_at) == ([pass_], LATER)
    assert passes.revoke_many(Member.objects.all(), at=LATER + timedelta(days=1)) == []


@pytest.mark.parametrize("act", [passes.issue_many, passes.reissue_many, passes.revoke_many])
def test_thirty_members_take_as_many_statements_as_one(act: object) -> None:
    counts = []
    for more in (1, 29):
        for _member in range(more):
            passes.issue(make_member(), at=AT)
            make_member()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            act(Member.objects.all(), at=LATER)  # type: ignore[operator]
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 7


def test_more_than_a_thousand_get_their_passes() -> None:
    Member.objects.bulk_create(Member(first_name="Ben", last_name=str(number)) for number in range(1100))

    assert len(passes.issue_many(Member.objects.all(), at=AT).fresh) == 1100
    assert len(passes.reissue_many(Member.objects.all(), at=LATER).replaced) == 1100
    assert Pass.objects.valid().count() == 1100


def test_passes_are_seen_by_those_who_look_after_members() -> None:
    passes.issue(make_member(), at=AT)

    seen = {role: Pass.objects.visible_to(Actor(user_id=1, role=role)).count() for role in Role}

    assert seen == {Role.STEWARD: 0, Role.SUPERVISOR: 0, Role.ORGANISER: 1, Role.ADMINISTRATOR: 1}
