import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.matching import KeyIndex, Person, compare, likely_members
from members.models import Member
from members.tests.factories import make_member


@pytest.mark.parametrize(
    ("one", "other", "score", "reasons"),
    [
        (Person("Ana", "Cruz"), Person("Ana", "Cruz"), 60, ("same name",)),
        (Person("Zoë", "O'Neill"), Person("zoe", "ONeill"), 60, ("same name",)),
        (Person("Cruz", "Ana"), Person("Ana", "Cruz"), 60, ("same name",)),
        (
            Person("Alex", "Cruz", major="Art"),
            Person("Alexander", "Cruz", major="art"),
            55,
            ("similar name", "same major"),
        ),
        (Person("Ana", "Cruz"), Person("Ben", "Cruz"), 0, ()),
        (Person("Ana", "Cruz", "V00000001"), Person("Ana", "Cruz", "V00000002"), 20, ("same name",)),
        (Person("Ana", "X", "V00000001"), Person("Eva", "Y", "V00000001"), 100, ("same V-number",)),
        (Person(student_email="a@x.edu"), Person(personal_email="a@x.edu"), 40, ("same e-mail",)),
        (Person(), Person(), 0, ()),
    ],
)
def test_likeness_is_scored_and_explained(one: Person, other: Person, score: int, reasons: tuple[str, ...]) -> None:
    assert compare(one, other) == (score, reasons)
    assert compare(other, one) == (score, reasons)


@pytest.mark.django_db
def test_likely_members_are_found_by_every_key_and_by_name() -> None:
    by_number = make_member(first_name="Eva", last_name="Stone", v_number="V00000001")
    by_address = make_member(first_name="Mia", last_name="Wood", personal_email="Ana@example.org")
    by_name = make_member(first_name="Ana Maria", last_name="Cruz")
    make_member(first_name="Ana", last_name="Brown")

    found = likely_members("Ana", "Cruz", email="ana@example.org", v_number="V00000001", within=Member.objects.all())
    names_only = likely_members("Anna", "Cruz", within=Member.objects.all())

    assert [likeness.member for likeness in found] == [by_number, by_address]
    assert by_name not in [likeness.member for likeness in found], "a similar name alone says too little"
    assert names_only == []


@pytest.mark.django_db
def test_a_namesake_is_likely_and_says_why() -> None:
    member = make_member(first_name="Zoë", last_name="Van-Dyke")

    [likeness] = likely_members("zoe", "van dyke", within=Member.objects.all())

    assert (likeness.member, likeness.score, likeness.reasons) == (member, 60, ("same name",))


@pytest.mark.django_db
def test_only_members_within_the_given_ones_are_shown() -> None:
    member = make_member(first_name="Cleo", last_name="Stone", v_number="V00000009")

    found = likely_members("Cleo", "Stone", v_number="V00000009", within=Member.objects.exclude(pk=member.pk))

    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 30])
def test_looking_for_likely_members_takes_two_queries(count: int) -> None:
    for _number in range(count):
        make_member(first_name="Ana", last_name="Cruz", personal_email="ana@example.org")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = likely_members("Ana", "Cruz", email="ana@example.org", within=Member.objects.all())

    assert len(queries) == 2
    assert len(found) == min(count, 20)


def test_keys_that_point_at_different_people_are_all_told() -> None:
    index = KeyIndex()
    index.add(0, Person("Ana", "Cruz", "V00000001"), ["7"])
    index.add(1, Person("Ben", "Brown", student_email="b@x.edu", personal_email="home@x.org"), [])

    found = index.find(Person("Ana", "Cruz", "V00000001", "b@x.edu"), "7")
    weak = index.find(Person(student_email="home@x.org"), "")

    assert found.places == {0: ["legacy_id", "v_number"], 1: ["student_email"]}
    assert found.weak == []
    assert (weak.places, weak.weak) == ({}, [1])
    assert index.namesakes(Person("CRUZ", "Ána")) == [0]
