"""Every text that comes in goes through here."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from checkin_project.platform.text import (
    _PLAIN_ADDRESS,
    clean_email,
    clean_text,
    clean_v_number,
    fold,
    mask_name,
    words,
)


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("  Ana \t Kovač\n", "Ana Kovač"),
        ("e\u0301", "é"),
        ("\u200b\ufeff", ""),
        ("a\u200bb", "ab"),
        ("\x07bell", "bell"),
        (None, ""),
        (7, "7"),
        ("…", "…"),
    ],
)
def test_text_is_stored_tidy(given_text: object, cleaned: str) -> None:
    assert clean_text(given_text, max_length=20) == cleaned


@pytest.mark.parametrize(
    ("bad", "code"),
    [("a\x00b", "nul"), ("\ud800", "surrogate"), ("a\u202eb", "bidi"), ("a\u2066b", "bidi"), ("x" * 21, "max_length")],
)
def test_what_cannot_be_stored_or_would_deceive_is_refused(bad: str, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_text(bad, max_length=20)

    assert refusal.value.code == code


def test_lines_are_kept_only_where_they_belong() -> None:
    assert clean_text("a\r\nb\n\n\n\nc", max_length=20, multiline=True) == "a\nb\n\nc"
    assert clean_text("a\nb", max_length=20) == "a b"


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        once = clean_text(text, max_length=200)
    except ValidationError:
        return

    assert clean_text(once, max_length=200) == once
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "spelt", ["V01234567", "v01234567", " v 01234567", "V-01234567", "01234567", "０１２３４５６７"]
)
def test_a_v_number_has_one_form(spelt: str) -> None:
    assert clean_v_number(spelt) == "V01234567"


@pytest.mark.parametrize("wrong", ["V1234567", "V0123456789", "X01234567", "V0123 4567", "V", "V01234567; --"])
def test_what_is_no_v_number_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        clean_v_number(wrong)


def test_an_e_mail_is_lower_case_or_refused() -> None:
    assert clean_email(" Ana@Example.ORG ") == "ana@example.org"
    with pytest.raises(ValidationError):
        clean_email("ana at example")


@pytest.mark.parametrize(
    ("first", "last", "masked"),
    [
        ("Ana", "Kovač", "Ana K."),
        ("Ana", "", "Ana"),
        ("", "Kovač", "K."),
        ("", "", ""),
        ("Jo Ann", "o’neill", "Jo Ann O."),
    ],
)
def test_a_masked_name_tells_one_letter_of_the_last(first: str, last: str, masked: str) -> None:
    assert mask_name(first, last) == masked


def test_hyphens_part_words_and_apostrophes_do_not() -> None:
    assert words("Jean-Luc O'Neill") == ["jean", "luc", "oneill"]


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_the_short_way_for_plain_letters_folds_as_the_long_one(text: str) -> None:
    # An accent in front makes the text take the long way.
    assert fold(f"é {text}") == f"e {fold(text)}".strip()


@given(st.from_regex(_PLAIN_ADDRESS, fullmatch=True))
def test_an_address_that_looks_plain_is_one(text: str) -> None:
    validate_email(text)


@pytest.mark.parametrize("text", ["V12345678", "V123456789", "v12345678", "V 12345678", "V１２３４５６７８"])
def test_a_v_number_is_written_in_one_way(text: str) -> None:
    assert clean_v_number(text) in ("V12345678", "V123456789")
