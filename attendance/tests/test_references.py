"""Sealed references: opened by one device at one event for five minutes, and by nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from attendance.references import LENGTH, LIFE, Opened, ReferenceRefused, seal, unseal

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_a_reference_opens_for_its_device_and_event() -> None:
    sealed = seal(42, device_id=7, event_code="ABCD2345", at=NOW)

    opened = unseal(sealed, device_id=7, event_code="ABCD2345", at=NOW + LIFE)

    assert opened == Opened(42, is_expired=False)
    assert len(sealed) == LENGTH


def test_an_old_reference_says_that_it_is_old() -> None:
    sealed = seal(42, device_id=7, event_code="ABCD2345", at=NOW)

    opened = unseal(sealed, device_id=7, event_code="ABCD2345", at=NOW + LIFE + timedelta(seconds=1))

    assert opened == Opened(42, is_expired=True)


@pytest.mark.parametrize(("device_id", "event_code"), [(8, "ABCD2345"), (7, "WXYZ6789")])
def test_another_device_or_event_cannot_open_it(device_id: int, event_code: str) -> None:
    sealed = seal(42, device_id=7, event_code="ABCD2345", at=NOW)

    with pytest.raises(ReferenceRefused):
        unseal(sealed, device_id=device_id, event_code=event_code, at=NOW)


@pytest.mark.parametrize("nonsense", ["", "x", "A" * 64, "é" * 64, "!" * 64, "A" * 200])
def test_nonsense_is_refused(nonsense: str) -> None:
    with pytest.raises(ReferenceRefused):
        unseal(nonsense, device_id=7, event_code="ABCD2345", at=NOW)


def test_every_changed_character_is_noticed() -> None:
    sealed = seal(42, device_id=7, event_code="ABCD2345", at=NOW)

    for position in range(LENGTH):
        other = "A" if sealed[position] != "A" else "B"
        with pytest.raises(ReferenceRefused):
            unseal(sealed[:position] + other + sealed[position + 1 :], device_id=7, event_code="ABCD2345", at=NOW)


def test_two_references_to_one_person_have_nothing_in_common() -> None:
    one = seal(42, device_id=7, event_code="ABCD2345", at=NOW)
    other = seal(42, device_id=7, event_code="ABCD2345", at=NOW)

    assert one[:44] != other[:44]
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 20
