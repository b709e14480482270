"""Cleaning every text that comes in, and folding it for comparison and search: one place for every way in."""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext as _

# Marks that reorder what is read; a name has no use for them and a forger has.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f]")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff\u00ad\u180e]")
_SPACES = re.compile(r"\s+")
# Letters that NFKD does not take apart.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"}
)
_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ`´"))
_WORD = re.compile(r"\w+")
# Only what Django's validator takes, too; most addresses look like this.
_PLAIN_ADDRESS = re.compile(r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]{1,40}(-[a-z0-9]{1,20})?\.){1,9}[a-z]{2,60}")
_CLEAN_V_NUMBER = re.compile(r"V[0-9]{8,9}")
_V_NUMBER = re.compile(r"^[vV]?[\s-]*(\d{8,9})$")


def clean_text(value: object, *, max_length: int, multiline: bool = False) -> str:
    """`value` as it may be stored: NFC, control and zero-width marks gone, spaces tidy; "" for nothing visible.

    Raises ValidationError (one sentence) for NUL, lone surrogates, bidirectional overrides or more than `max_length`
    characters. Lines are kept only with `multiline`.
    """
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        # Most of what comes in, and nothing below has anything to do for it.
        text = " ".join(text.split()) if " " in text else text
        return text if len(text) <= max_length else _short(text, max_length)
    if "\x00" in text:
        raise ValidationError(_("This text contains a NUL character, which cannot be stored."), code="nul")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError(_("This text contains half of a character. Please type it again."), code="surrogate")
    if _BIDI.search(text):
        raise ValidationError(
            _("This text contains a hidden mark that changes the direction of reading. Please type it again."),
            code="bidi",
        )
    text = unicodedata.normalize("NFC", text)
    text = _ZERO_WIDTH.sub("", text)
    if multiline:
        lines = (_SPACES.sub(" ", _CONTROL.sub("", line)).strip() for line in text.splitlines())
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    else:
        text = _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        return ""
    return _short(text, max_length)


def _short(text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise ValidationError(
            _("This text has %(length)d characters; at most %(max)d fit."),
            code="max_length",
            params={"length": len(text), "max": max_length},
        )
    return text


def fold(value: str) -> str:
    """Lower case without accents or doubled spaces: what two spellings of one name have in common."""
    if value.isascii():
        # Nothing to take apart. For control characters that are spaces, str.split() and \s agree.
        return " ".join(value.lower().split())
    text = unicodedata.normalize("NFKD", value.casefold())
    # Once more, because what was taken apart may be a capital letter ("𝐀").
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    text = "".join(character for character in text if not unicodedata.combining(character))
    return _SPACES.sub(" ", text).strip()


def words(value: str) -> list[str]:
    """Folded words for prefix search; hyphens part words ("Jean-Luc" → jean, luc), apostrophes do not."""
    return _WORD.findall(fold(value).translate(_APOSTROPHES))


def clean_v_number(value: object) -> str:
    """`V` and 8 or 9 digits, however it was written ("v 0123-4567" is not: digits stand together); "" for nothing.

    Raises ValidationError for anything else.
    """
    if isinstance(value, str) and _CLEAN_V_NUMBER.fullmatch(value):
        return value
    text = clean_text(value, max_length=40)
    if not text:
        return ""
    match = _V_NUMBER.match(unicodedata.normalize("NFKC", text))
    if not match:
        raise ValidationError(_("A V-number is a V and 8 or 9 digits, for example V01234567."), code="v_number")
    digits = "".join(str(unicodedata.digit(character)) for character in match[1])
    return f"V{digits}"


def clean_email(value: object) -> str:
    """A lower-case e-mail address, or "". Raises ValidationError."""
    text = clean_text(value, max_length=254).lower()
    if not text or _PLAIN_ADDRESS.fullmatch(text):
        return text
    try:
        validate_email(text)
    except ValidationError:
        raise ValidationError(_("This is not an e-mail address."), code="email") from None
    return text


def mask_name(first_name: str, last_name: str) -> str:
    """What a stranger may see of a name: "Ana K." """
    first, last = first_name.strip(), last_name.strip()
    if not first:
        return f"{last[:1].upper()}." if last else ""
    return f"{first} {last[:1].upper()}." if last else first


class _CleanedMixin(models.Field):  # type: ignore[type-arg]
    """Cleans on validation and on every save, single or bulk; look-ups take a value as it is."""

    blank_is_null = False

    def clean_value(self, value: object) -> str:
        return clean_text(value, max_length=self.max_length or 255)

    def to_python(self, value: object) -> str | None:
        if value is None:
            return None
        return self.clean_value(value) or (None if self.blank_is_null else "")

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else models.Field.get_prep_value(self, value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = getattr(model_instance, self.attname)
        if isinstance(value, str):
            value = self.to_python(value)
            setattr(model_instance, self.attname, value)
        return value


class CleanTextField(_CleanedMixin, models.CharField):  # type: ignore[type-arg]
    """One line of text."""


class CleanMultilineField(_CleanedMixin, models.TextField):  # type: ignore[type-arg]
    """Longer text with its lines; `max_length` counts characters."""

    def clean_value(self, value: object) -> str:
        return clean_text(value, max_length=self.max_length or 20_000, multiline=True)


class OptionalUniqueText(_CleanedMixin, models.CharField):  # type: ignore[type-arg]
    """Optional but unique: nothing is stored as NULL, so that many rows may have none."""

    blank_is_null = True


class VNumberField(OptionalUniqueText):
    def clean_value(self, value: object) -> str:
        return clean_v_number(value)


class OptionalEmailField(OptionalUniqueText):
    def clean_value(self, value: object) -> str:
        return clean_email(value)


class WebAddressField(models.URLField):  # type: ignore[type-arg]
    """A web address; one typed without a scheme is taken as https."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**({"assume_scheme": "https"} | kwargs))
