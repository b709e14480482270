"""Likely the same person? Certain keys, keys that contradict each other, and likeness by name with reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from checkin_project.platform.text import words
from members.models import Member, MemberQuerySet, MemberWord

LIKELY = 50  # the least score worth showing to a person
_MOST = 20
_NICKNAME = 3  # letters that "Alex" and "Alexander" must share at least


class Person(NamedTuple):
    """What is known of somebody, cleaned."""

    first_name: str = ""
    last_name: str = ""
    v_number: str = ""
    student_email: str = ""
    personal_email: str = ""
    classification: str = ""
    major: str = ""

    @classmethod
    def of(cls, member: Member) -> Person:
        return cls(
            member.first_name,
            member.last_name,
            member.v_number or "",
            (member.student_email or "").lower(),
            (member.personal_email or "").lower(),
            member.classification,
            member.major,
        )

    @property
    def emails(self) -> frozenset[str]:
        return frozenset(filter(None, (self.student_email, self.personal_email)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely `member` is the person asked for: 0–100, and why, in words for people."""

    member: Member
    score: int
    reasons: tuple[str, ...]


def share_first_name(one: str, other: str) -> bool:
    """Do two first names share a word, or is one the beginning of the other ("Alex", "Alexander")?"""
    ours, theirs = words(one), words(other)
    return any(
        mine == yours
        or (min(len(mine), len(yours)) >= _NICKNAME and (mine.startswith(yours) or yours.startswith(mine)))
        for mine in ours
        for yours in theirs
    )


def _compare_names(one: Person, other: Person) -> tuple[int, str]:
    ours, theirs = words(f"{one.first_name} {one.last_name}"), words(f"{other.first_name} {other.last_name}")
    if ours and sorted(ours) == sorted(theirs):
        return 60, _("same name")
    if set(words(one.last_name)) & set(words(other.last_name)) and share_first_name(one.first_name, other.first_name):
        return 45, _("similar name")
    return 0, ""


def compare(one: Person, other: Person) -> tuple[int, tuple[str, ...]]:
    """A score from 0 to 100 and its reasons. Different V-numbers mean different people unless an address is shared."""
    score, reason = _compare_names(one, other)
    reasons = [reason] if reason else []
    if one.v_number and one.v_number == other.v_number:
        score += 100
        reasons.append(_("same V-number"))
    if one.emails & other.emails:
        score += 40
        reasons.append(_("same e-mail"))
    if score and one.classification and one.classification == other.classification:
        score += 10
        reasons.append(_("same classification"))
    if score and one.major and words(one.major) == words(other.major):
        score += 10
        reasons.append(_("same major"))
    if one.v_number and other.v_number and one.v_number != other.v_number:
        score -= 40
    if one.student_email and other.student_email and one.student_email != other.student_email:
        score -= 20
    return max(0, min(score, 100)), tuple(reasons)


def _sharing_keys(within: MemberQuerySet, v_number: str, email: str) -> list[Member]:
    keys = Q()
    if v_number:
        keys |= Q(v_number=v_number)
    if email:
        keys |= Q(student_lower=email) | Q(personal_lower=email)
    if not keys:
        return []
    lowered = within.alias(student_lower=Lower("student_email"), personal_lower=Lower("personal_email"))
    return list(lowered.filter(keys)[:_MOST])


def _sharing_names(within: MemberQuerySet, first_name: str, last_name: str) -> list[Member]:
    """Members with two words of the name (or its only one); the first name counts by its first letters."""
    named = words(f"{first_name} {last_name}")
    if not named:
        return []
    condition = Q(word__in=named)
    for word in words(first_name):
        if len(word) >= _NICKNAME:
            condition |= Q(word__startswith=word[:_NICKNAME])
    shared = MemberWord.objects.filter(condition).values("member").annotate(found=Count("id"))
    return list(within.filter(pk__in=shared.filter(found__gte=min(2, len(set(named)))).values("member"))[: 5 * _MOST])


def likely_members(
    first_name: str, last_name: str, *, email: str = "", v_number: str = "", within: MemberQuerySet
) -> list[Likeness]:
    """Members in `within` who are likely this person, the likeliest first. At most two queries, both by index.

    Values are taken as cleaned by `checkin_project.platform.text`.
    """
    asked = Person(first_name, last_name, v_number, personal_email=email.lower())
    found = {member.pk: member for member in _sharing_keys(within, v_number, email.lower())}
    found |= {member.pk: member for member in _sharing_names(within, first_name, last_name)}
    likenesses = [Likeness(member, *compare(asked, Person.of(member))) for member in found.values()]
    certain = [likeness for likeness in likenesses if likeness.score >= LIKELY or _is_certain(asked, likeness.member)]
    return sorted(certain, key=lambda likeness: (-likeness.score, likeness.member.pk))[:_MOST]


def _is_certain(asked: Person, member: Member) -> bool:
    """A shared key is worth showing whatever the name says."""
    return asked.v_number == member.v_number or bool(asked.emails & Person.of(member).emails)


@dataclass(slots=True)
class Found:
    """`places` maps each record that a key points at to the fields that did; `weak` are shared e-mails only."""

    places: dict[int, list[str]] = field(default_factory=dict)
    weak: list[int] = field(default_factory=list)


class KeyIndex:
    """Keys of many people in memory → their record's number, so that thousands of rows need no query each."""

    def __init__(self) -> None:
        self._legacy: dict[str, int] = {}
        self._v_numbers: dict[str, int] = {}
        self._student = _Shared()
        self._personal = _Shared()
        self._names = _Shared()

    def add(self, record: int, person: Person, legacy_ids: Iterable[str]) -> None:
        """Later calls for the same record add keys; a key keeps the record that had it first."""
        for legacy_id in legacy_ids:
            self._legacy.setdefault(legacy_id, record)
        if person.v_number:
            self._v_numbers.setdefault(person.v_number, record)
        if person.student_email:
            self._student.add(person.student_email, record)
        if person.personal_email:
            self._personal.add(person.personal_email, record)
        name = _name_key(person)
        if name:
            self._names.add(name, record)

    def find(self, person: Person, legacy_id: str) -> Found:
        """Records that share a key with `person`. An e-mail in another column than the student's is weak."""
        found = Found()
        student = self._student.get(person.student_email) if person.student_email else ()
        strong = (
            ("legacy_id", self._legacy.get(legacy_id) if legacy_id else None),
            ("v_number", self._v_numbers.get(person.v_number) if person.v_number else None),
            ("student_email", student[0] if student else None),
        )
        for name, record in strong:
            if record is not None:
                found.places.setdefault(record, []).append(name)
        for address in (person.student_email, person.personal_email):
            if address:
                sharing = {*self._student.get(address), *self._personal.get(address)}
                found.weak += sorted(sharing.difference(found.places, found.weak))
        return found

    def namesakes(self, person: Person) -> list[int]:
        return list(self._names.get(_name_key(person)))


class _Shared:
    """Keys that several records may have. Most belong to one, whose number alone takes a quarter of a list's memory."""

    def __init__(self) -> None:
        self._records: dict[str, int | list[int]] = {}

    def add(self, key: str, record: int) -> None:
        known = self._records.setdefault(key, record)
        if isinstance(known, list):
            if record not in known:
                known.append(record)
        elif known != record:
            self._records[key] = [known, record]

    def get(self, key: str) -> Sequence[int]:
        found = self._records.get(key, ())
        return (found,) if isinstance(found, int) else found


def _name_key(person: Person) -> str:
    """The words of a name in any order."""
    return " ".join(sorted(words(f"{person.first_name} {person.last_name}")))
