"""Pass cards: geometry, sizes of names, and sheets for those who were chosen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkin_project.platform.access import Role
from checkin_project.platform.tests.admin_pages import act, messages_of, signed_in, text_of
from members import cards, passes
from members.cards import PAPERS, size_of
from members.models import Member, Pass
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


# --- Pure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS.values(), ids=list(PAPERS))
def test_cards_and_marks_stay_within_what_printers_print(paper: cards.Paper) -> None:
    for mark in paper.marks:
        assert cards.UNPRINTED <= mark.x1 <= mark.x2 <= paper.width - cards.UNPRINTED
        assert cards.UNPRINTED <= mark.y1 <= mark.y2 <= paper.height - cards.UNPRINTED
    assert len(paper.marks) == 2 * (paper.columns + 1 + paper.rows + 1)
    assert (paper.width - paper.columns * cards.WIDTH) / 2 > cards.UNPRINTED + cards.GAP
    assert (paper.height - paper.rows * cards.HEIGHT) / 2 > cards.UNPRINTED + cards.GAP


def test_no_mark_lies_on_a_card() -> None:
    paper = PAPERS["a4"]
    left, top = (paper.width - 2 * cards.WIDTH) / 2, (paper.height - 5 * cards.HEIGHT) / 2

    inside = [
        mark
        for mark in paper.marks
        if mark.x1 < paper.width - left and mark.x2 > left and mark.y1 < paper.height - top and mark.y2 > top
    ]

    assert inside == []


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Ben Brown", "xl"),
        ("Inés García López", "xl"),
        ("Grace Nguyễn", "xl"),
        ("Wolfeschlegelstein Brown", "m"),
        ("王小明", "xl"),
        ("Maximiliano Bartholomew Featherstonehaugh-Cholmondeley", "m"),
        ("Anna-Lena Charlotte von und zu Hohenstein", "xl"),
        ("W" * 200, "s"),
        ("", "xl"),
    ],
)
def test_long_names_are_set_smaller(name: str, size: str) -> None:
    assert size_of(name) == size


def test_accents_take_no_room() -> None:
    assert size_of("a" * 11) == size_of("a\u0301" * 11) == "xl"


# --- The page -----------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def _print(client: Client, *people: Member, **answers: str) -> Any:
    return act(client, people[0], "print_cards", *people[1:], **answers)


def _names(response: Any) -> list[str]:
    return [card.name for sheet in response.context["sheets"] for card in sheet]


def test_cards_of_people_with_passes_are_shown_at_once() -> None:
    ana, ben = make_member(first_name="Ana", last_name="Müller"), make_member()
    for member in (ana, ben):
        passes.issue(member, at=AT)

    response = _print(signed_in(), ana, ben)

    assert response.redirect_chain[-1][0].startswith("/passes/cards/?choice=")
    assert _names(response) == ["Ben Brown", "Ana Müller"]
    assert "no-store" in response["Cache-Control"]


def test_missing_passes_are_issued_only_after_a_yes() -> None:
    ana, ben, blocked = make_member(), make_member(), make_member(status=Member.Status.BLOCKED)
    passes.issue(ana, at=AT)
    client = signed_in()

    question = _print(client, ana, ben, blocked)
    before = Pass.objects.count()
    response = _print(client, ana, ben, blocked, confirmed="yes")

    assert "1 person has no pass yet and gets one now." in text_of(question)
    assert before == 1
    assert messages_of(response) == ["1 pass issued, 1 had one already, 1 blocked skipped."]
    assert len(_names(response)) == 2
    assert "1 of the people chosen is blocked or has no valid pass" in text_of(response)


def test_opening_the_sheets_again_issues_nothing() -> None:
    ben, client = make_member(), signed_in()
    address = _print(client, ben, confirmed="yes").redirect_chain[-1][0]
    passes.revoke(Pass.objects.get(), at=AT)
    before = list(Pass.objects.values())

    response = client.get(address)

    assert response.context["sheets"] == []
    assert "No cards to print" in text_of(response)
    assert list(Pass.objects.values()) == before


def test_the_choice_is_the_persons_own() -> None:
    ben = make_member()
    passes.issue(ben, at=AT)
    address = _print(signed_in(), ben).redirect_chain[-1][0]

    assert signed_in().get(address).context["sheets"] == []
    assert signed_in(Role.SUPERVISOR).get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_several_choices_stand_beside_each_other_and_old_ones_are_forgotten() -> None:
    people = [make_member(last_name=f"Brown {number}") for number in range(7)]
    for member in people:
        passes.issue(member, at=AT)
    client = signed_in()

    addresses = [_print(client, member).redirect_chain[-1][0] for member in people]

    found = [_names(client.get(address)) for address in addresses]
    assert found == [[], [], *([f"Ben Brown {number}"] for number in range(2, 7))]


@pytest.mark.parametrize(("paper", "per_sheet"), [("a4", 10), ("letter", 8), ("nonsense", 10)])
def test_each_paper_holds_its_number_of_cards(paper: str, per_sheet: int) -> None:
    people = [make_member() for _member in range(11)]
    client = signed_in()
    address = _print(client, *people, confirmed="yes").redirect_chain[-1][0]

    sheets = client.get(f"{address}&paper={paper}").context["sheets"]

    assert [len(sheet) for sheet in sheets] == [per_sheet, 11 - per_sheet]


def test_a_thousand_cards_come_in_parts() -> None:
    Member.objects.bulk_create(Member(first_name="Ben", last_name=f"{number:04d}") for number in range(1000))
    passes.issue_many(Member.objects.all(), at=AT)
    client = signed_in()

    first = act(client, Member.objects.all()[0], "print_cards", select_across="1")
    address = first.redirect_chain[-1][0]
    last = client.get(f"{address}&page=5")

    assert (len(_names(first)), first.context["page"].paginator.num_pages) == (200, 5)
    assert _names(last)[-1] == "Ben 0999"
    assert "Part 5 of 5: cards 801 to 1000" in text_of(last)
    assert set(_names(first)).isdisjoint(_names(last))


def test_twenty_cards_take_as_many_queries_as_one() -> None:
    client, counts = signed_in(), []

    for how_many in (1, 20):
        people = [make_member() for _member in range(how_many)]
        address = _print(client, *people, confirmed="yes").redirect_chain[-1][0]
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 8


def test_a_pass_of_an_older_secret_key_is_named_instead_of_printed() -> None:
    ben, client = make_member(), signed_in()
    passes.issue(ben, at=AT)
    Pass.objects.update(nonce="of another key")

    response = _print(client, ben)

    assert response.context["unshowable"] == ["Ben Brown"]


def test_a_minors_card_shows_an_initial() -> None:
    ben = make_member(is_minor=True)
    passes.issue(ben, at=AT)

    assert _names(_print(signed_in(), ben)) == ["Ben B."]


def test_too_many_are_refused_with_a_sentence() -> None:
    Member.objects.bulk_create(Member(first_name="Ben", last_name=f"{number:04d}") for number in range(cards.MOST + 1))

    response = act(signed_in(), Member.objects.all()[0], "print_cards", select_across="1", confirmed="yes")

    assert messages_of(response) == ["At most 5000 cards are made at a time. Choose fewer people."]
    assert not Pass.objects.exists()


def test_without_a_choice_the_page_says_where_to_begin() -> None:
    response = signed_in().get(reverse("members:pass-cards"))

    assert "choose “Print pass cards” there" in text_of(response)
