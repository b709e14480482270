"""Finding people by the beginnings of their names."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Member, MemberWord
from members.search import find_by_name, shown_at_kiosks
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def names(query: str) -> list[str]:
    return [member.full_name for member in find_by_name(query, within=Member.objects.all())]


@pytest.mark.parametrize(
    ("first", "last", "query"),
    [
        ("Ana", "Kovač", "kova"),
        ("Ana", "Kovač", "KOVAČ"),
        ("Zoë", "Ødegård", "zoe ode"),
        ("Jean-Luc", "O’Neill", "luc"),
        ("Jean-Luc", "O’Neill", "oneill"),
        ("Jean-Luc", "O’Neill", "o'nei"),
        ("María José", "García", "jose gar"),
        ("Łukasz", "Żółw", "lukasz zol"),
        ("Straße", "Müller", "strasse mul"),
        ("佐藤", "さくら子", "さくら"),
    ],
)
def test_a_name_is_found_by_the_beginnings_of_its_words(first: str, last: str, query: str) -> None:
    make_member(first_name=first, last_name=last)

    assert names(query) == [f"{first} {last}"]


@pytest.mark.parametrize("query", ["", "an", "  a ", "vač", "ana li", "%%%", "___", "'; --", "\x00abc"])
def test_what_does_not_begin_a_word_finds_nobody(query: str) -> None:
    make_member(first_name="Ana", last_name="Kovač")

    assert names(query) == []


def test_at_most_eight_are_named() -> None:
    for _number in range(12):
        make_member(first_name="Anabel")

    assert len(names("anab")) == 8


def test_a_changed_name_is_found_and_the_old_one_is_not() -> None:
    ben = make_member(first_name="Benjamin")
    ben.first_name = "Benedict"
    ben.save()

    assert names("benedict") == ["Benedict Brown"]
    assert names("benjamin") == []


def test_hidden_people_and_minors_never_appear_at_a_kiosk() -> None:
    make_member(first_name="Benno", kiosk_hidden=True)
    make_member(first_name="Bennet", is_minor=True)
    make_member(first_name="Bennie")

    shown = find_by_name("benn", within=shown_at_kiosks(Member.objects.all()))

    assert [member.first_name for member in shown] == ["Bennie"]


def test_one_query_goes_through_the_index() -> None:
    make_member(first_name="Ana")

    with CaptureQueriesContext(connection) as queries:
        names("anabel")

    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert "SEARCH" in plan
        assert "member_words_word" in plan


def test_words_are_written_once_and_only_when_they_differ() -> None:
    ben = make_member(first_name="Ben", last_name="Ben")

    with CaptureQueriesContext(connection) as queries:
        MemberWord.objects.rebuild([ben])

    assert MemberWord.objects.filter(member=ben).count() == 1
    assert len(queries) == 1
