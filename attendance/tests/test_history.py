"""The fold is the definition: one step at a time, or in any order, the same state comes out."""

import random
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from attendance.history import ENTRY, EXIT, UNDO, Base, Fact, State, fold, standing, step, untouched
from events.tests.factories import EVENING

NOBODY = Base()
REGISTERED = Base("registered", 2)


def operation(number: int) -> UUID:
    return UUID(int=number)


def fact(number: int, kind: str, minute: int, *, undoes: int | None = None, party_size: int = 1) -> Fact:
    return Fact(
        operation(number),
        kind,
        EVENING + timedelta(minutes=minute),
        method="kiosk",
        party_size=party_size,
        undoes=None if undoes is None else operation(undoes),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Up to a dozen entries, exits and undos of one person, some at the same minute."""
    count = draw(st.integers(0, 12))
    facts = []
    for number in range(1, count + 1):
        kind = draw(st.sampled_from([ENTRY, ENTRY, EXIT, UNDO]))
        undoes = draw(st.integers(1, count)) if kind == UNDO else None
        facts.append(fact(number, kind, draw(st.integers(0, 6)), undoes=undoes, party_size=draw(st.integers(1, 3))))
    return facts


bases = st.sampled_from([NOBODY, REGISTERED, Base("cancelled"), Base("no_show", 3)])


@given(histories(), bases, st.randoms(use_true_random=False))
def test_the_order_in_which_scans_arrive_does_not_matter(facts: list[Fact], base: Base, chance: random.Random) -> None:
    shuffled = [*facts, *facts]
    chance.shuffle(shuffled)
    once = list({scan.operation_id: scan for scan in shuffled}.values())

    assert fold(once, base) == fold(facts, base)


@given(histories(), bases)
def test_one_step_at_a_time_gives_what_the_fold_gives(facts: list[Fact], base: Base) -> None:
    moves = standing(facts)
    state = untouched(base)
    for move in moves:
        state = step(state, base, move)

    assert state == fold(facts, base)


@given(histories(), bases)
def test_a_state_never_contradicts_itself(facts: list[Fact], base: Base) -> None:
    state = fold(facts, base)

    assert state.attended == (state.checked_in_at is not None) == (state.state == "attended") == (state.scan_count > 0)
    assert state.checked_out_at is None or (
        state.checked_in_at is not None and state.checked_out_at >= state.checked_in_at
    )
    assert state.party_size >= 1


def test_nobody_who_never_came_is_attended() -> None:
    assert fold([], REGISTERED) == State("registered", False, None, None, "", False, 2, 0)


def test_the_first_entry_gives_time_and_heads_and_the_last_exit_the_end() -> None:
    facts = [fact(1, ENTRY, 0, party_size=3), fact(2, EXIT, 5), fact(3, ENTRY, 9, party_size=1), fact(4, EXIT, 20)]

    state = fold(facts, NOBODY)

    assert (state.checked_in_at, state.checked_out_at) == (facts[0].occurred_at, facts[3].occurred_at)
    assert (state.scan_count, state.party_size, state.is_walk_in) == (2, 3, True)


def test_an_undo_that_arrives_before_its_entry_counts() -> None:
    facts = [fact(1, UNDO, 9, undoes=2), fact(2, ENTRY, 1)]

    assert fold(facts, REGISTERED) == untouched(REGISTERED)


def test_an_exit_without_an_entry_says_nothing() -> None:
    assert fold([fact(1, EXIT, 3)], NOBODY) == untouched(NOBODY)


def test_taking_the_first_entry_back_leaves_the_second() -> None:
    facts = [fact(1, ENTRY, 0), fact(2, ENTRY, 7), fact(3, UNDO, 8, undoes=1)]

    state = fold(facts, NOBODY)

    assert (state.checked_in_at, state.scan_count) == (facts[1].occurred_at, 1)


def test_taking_an_exit_back_puts_the_person_inside_again() -> None:
    facts = [fact(1, ENTRY, 0), fact(2, EXIT, 7), fact(3, UNDO, 8, undoes=2)]

    assert fold(facts, NOBODY).is_inside


def test_two_exits_end_the_stay_at_the_first() -> None:
    facts = [fact(1, ENTRY, 0), fact(2, EXIT, 9), fact(3, EXIT, 4)]

    assert fold(facts, NOBODY).checked_out_at == facts[2].occurred_at
