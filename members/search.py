"""Finding people by the beginnings of their names, accents and case ignored, through an index."""

from __future__ import annotations

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from checkin_project.platform.text import words
from members.models import Member, MemberQuerySet, MemberWord

LEAST_LETTERS = 3
MOST_HITS = 8


def find_by_name(query: str, *, within: MemberQuerySet, limit: int = MOST_HITS) -> list[Member]:
    """At most `limit` members of `within`, every word of `query` beginning a word of the name; by first name.

    Fewer than three letters find nobody. The longest word goes through the index; one query.
    """
    asked = sorted(words(query), key=len, reverse=True)[:4]
    if not asked or len(asked[0]) < LEAST_LETTERS:
        return []
    found = within.filter(pk__in=MemberWord.objects.filter(begins_with(asked[0])).values("member_id"))
    for word in asked[1:]:
        found = found.filter(Exists(MemberWord.objects.filter(begins_with(word), member=OuterRef("pk"))))
    return list(found.order_by("first_name", "last_name", "pk")[:limit])


def shown_at_kiosks(members: MemberQuerySet) -> MemberQuerySet:
    """Without those who must never appear on a public screen."""
    return members.filter(kiosk_hidden=False, is_minor=False)


def begins_with(word: str) -> Q:
    """Of MemberWord: those that this folded word begins."""
    word = word[: MemberWord.LENGTH]
    if connection.vendor == "postgresql":
        return Q(word__startswith=word)
    # SQLite's index serves a range, but not the LIKE … ESCAPE that Django writes for startswith.
    return Q(word__gte=word, word__lt=word[:-1] + chr(ord(word[-1]) + 1))
