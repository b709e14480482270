"""Free text: each word begins a word of a name, a V-number or an e-mail address; accents and case do not count."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from django.db.models import Exists, OuterRef, Q

from checkin_project.platform.text import fold, words
from members.models import Member, MemberQuerySet, MemberWord
from members.search import begins_with

MOST_TERMS = 6
_V_NUMBER = re.compile(r"v?(\d{1,9})", re.IGNORECASE | re.ASCII)
# Where a word of a guest's name may begin. Databases do not agree on what a letter is, so what parts words is listed.
_BOUNDARY = r"(^|[][ \-.,;:/\\&+()\"!?*#@|_–—“”„«»])"
_APOSTROPHES = "['’ʼ`´]*"
_MARKS = "[\u0300-\u036f]*"
# Letters below this code point are looked through for accents: Latin, Greek, Cyrillic, and Latin's additions.
_LETTERS = (*range(0xA1, 0x530), *range(0x1E00, 0x2000))


def terms(text: str) -> list[str]:
    return text.split()[:MOST_TERMS]


def people_for(text: str) -> MemberQuerySet:
    """Members of whom each word of the text begins something."""
    people = Member.objects.order_by()
    for term in terms(text):
        people = people.filter(_member_has(term))
    return people


def _member_has(term: str) -> Q:
    low = term.lower()
    found = Q(student_email__startswith=low) | Q(personal_email__startswith=low)
    if number := _V_NUMBER.fullmatch(term):
        found |= Q(v_number__startswith=f"V{number[1]}")
    if parts := words(term):
        by_name = Q()
        for part in parts:
            by_name &= Q(Exists(MemberWord.objects.filter(begins_with(part), member=OuterRef("pk"))))
        found |= by_name
    return found


def guests_for(text: str) -> Q | None:
    """Guests in whose name each word of the text begins a word; None when no guest can be meant."""
    found = Q()
    for term in terms(text):
        parts = words(term)
        if not parts:
            return None
        for part in parts:
            found &= Q(guest_key__regex=_BOUNDARY + _spelt(part))
    return found


def _spelt(word: str) -> str:
    """An expression for every spelling of a folded word, as PostgreSQL and Python both read it."""
    letters, pairs = _spellings()
    pieces, place = [], 0
    while place < len(word):
        pair, letter = word[place : place + 2], word[place]
        one = f"[{letters.get(letter, '')}{letter}]{_MARKS}"
        if len(pair) > 1 and pair in pairs:
            second = f"[{letters.get(pair[1], '')}{pair[1]}]{_MARKS}"
            pieces.append(f"({one}{_APOSTROPHES}{second}|[{pairs[pair]}])")
            place += 2
            continue
        pieces.append(one)
        place += 1
    return _APOSTROPHES.join(pieces)


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    """(letter → its accented forms, two letters → the one that is written for both)."""
    letters: dict[str, list[str]] = defaultdict(list)
    pairs: dict[str, list[str]] = defaultdict(list)
    for code in _LETTERS:
        character = chr(code)
        folded = fold(character)
        if folded == character or not folded.isalnum():
            continue
        {1: letters, 2: pairs}.get(len(folded), defaultdict(list))[folded].append(character)
    return {key: "".join(found) for key, found in letters.items()}, {
        key: "".join(found) for key, found in pairs.items()
    }
