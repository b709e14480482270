"""A member's standing QR code: issued, revoked, reissued, and found by what a scanner read.

The code is never stored. It is derived from the pass's random nonce and the site's secret, so that it can be printed
again, while a copy of the database alone opens no door.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from members.models import Member, Pass

# 26 letters of base32 carry 130 bits; the leading P tells a pass from a V-number at a glance.
_FORM = re.compile(r"^P[A-Z2-7]{26}$")
_BETWEEN = re.compile(r"[\s\u2010-\u2015-]")
_SALT = b"members.passes.v1"
_LONGEST_TYPED = 100
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Given:
    """What became of the chosen members: their new passes, the passes these replace, and who got none."""

    fresh: tuple[Pass, ...] = ()
    replaced: tuple[Pass, ...] = ()
    had_one: int = 0
    blocked: int = 0


def _derive(nonce: str, secret: str) -> str:
    key = hashlib.sha256(_SALT + secret.encode()).digest()
    digest = hmac.new(key, nonce.encode(), hashlib.sha256).digest()
    return "P" + base64.b32encode(digest).decode()[:26]


def normalise(text: str) -> str:
    """The code as issued, however a scanner or a hand spelt it ("p abcd-…"); "" when it cannot be one."""
    if len(text) > _LONGEST_TYPED:
        return ""
    code = _BETWEEN.sub("", text).upper()
    return code if _FORM.match(code) else ""


def in_fours(code: str) -> str:
    """The code as a person reads it out: "P ABCD EFGH …"."""
    return " ".join([code[:1], *(code[start : start + 4] for start in range(1, len(code), 4))])


def code_hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def code_of(pass_: Pass) -> str:
    """The code to show and print: 27 characters, P and base32.

    "" when it was issued under a SECRET_KEY that is neither the present one nor a fallback. Such a pass still opens
    doors, but to be shown again it has to be reissued.
    """
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        code = _derive(pass_.nonce, secret)
        if code_hash(code) == pass_.code_hash:
            return code
    return ""


def find(text: str) -> Pass | None:
    """The pass with this code, valid or revoked, with its member; None for every other text. At most one query."""
    code = normalise(text)
    return Pass.objects.select_related("member").filter(code_hash=code_hash(code)).first() if code else None


def is_replaced(pass_: Pass) -> bool:
    """Has its member another pass that is valid?"""
    return Pass.objects.valid().filter(member_id=pass_.member_id).exclude(pk=pass_.pk).exists()


def name_on(member: Member) -> str:
    """The name that a pass shows to whoever holds it: of minors and hidden people the first name and an initial."""
    return member.masked_name if member.is_minor or member.kiosk_hidden else member.full_name


def issue(member: Member, *, at: datetime) -> tuple[Pass, str]:
    """The member's valid pass and its code; a new one only when there is none. Safe to repeat.

    Asks nothing about the member: a blocked one's pass is refused at the doors.
    """
    with transaction.atomic():
        _hold(Member.objects.filter(pk=member.pk))
        current = Pass.objects.valid().filter(member=member).first() or _make([member.pk], at)[0]
    return current, code_of(current)


def reissue(member: Member, *, at: datetime) -> tuple[Pass, str]:
    """A new pass; the one before stops working in the same transaction."""
    with transaction.atomic():
        _hold(Member.objects.filter(pk=member.pk))
        Pass.objects.valid().filter(member=member).update(revoked_at=at)
        return issue(member, at=at)


def revoke(pass_: Pass, *, at: datetime) -> None:
    """The code stops working with the next scan. Safe to repeat."""
    Pass.objects.valid().filter(pk=pass_.pk).update(revoked_at=at)


def issue_many(members: QuerySet[Member], *, at: datetime) -> Given:
    """A pass for each who has none and is not blocked. All or nothing; safe to repeat and to race.

    A handful of statements for each thousand members, whose rows are held meanwhile.
    """
    with transaction.atomic():
        able, blocked = _able(members)
        having = {pass_.member_id for pass_ in _valid_of(able)}
        fresh = _make([pk for pk in able if pk not in having], at)
    return Given(tuple(fresh), had_one=len(having), blocked=blocked)


def reissue_many(members: QuerySet[Member], *, at: datetime) -> Given:
    """A new pass for each who is not blocked; what they had stops working in the same transaction. As `issue_many`."""
    with transaction.atomic():
        able, blocked = _able(members)
        replaced = _end(_valid_of(able), at)
        fresh = _make(able, at)
    return Given(tuple(fresh), tuple(replaced), blocked=blocked)


def revoke_many(members: QuerySet[Member], *, at: datetime) -> list[Pass]:
    """Passes that worked until now and no longer do. As `issue_many`, for blocked members too."""
    with transaction.atomic():
        return _end(_valid_of([pk for pk, _status in _hold(members)]), at)


def _hold(members: QuerySet[Member]) -> list[tuple[int, str]]:
    """Lock the members until the end of the transaction, so that two clerks do not issue two; (id, status) of each.

    In the order of their ids, so that no two clerks wait for each other; without the key, so that doors, whose rows
    refer to the member, do not wait at all.
    """
    chosen = Member.objects.filter(pk__in=members.order_by().values("pk"))
    return list(chosen.select_for_update(no_key=True).order_by("pk").values_list("pk", "status"))


def _able(members: QuerySet[Member]) -> tuple[list[int], int]:
    """Ids of the members who may have a pass, and how many may not."""
    held = _hold(members)
    able = [pk for pk, status in held if status != Member.Status.BLOCKED]
    return able, len(held) - len(able)


def _valid_of(member_ids: list[int]) -> Iterator[Pass]:
    for some in _thousands(member_ids):
        yield from Pass.objects.valid().filter(member_id__in=some)


def _end(passes: Iterable[Pass], at: datetime) -> list[Pass]:
    ended = list(passes)
    for some in _thousands([pass_.pk for pass_ in ended]):
        Pass.objects.filter(pk__in=some).update(revoked_at=at)
    return ended


def _make(member_ids: list[int], at: datetime) -> list[Pass]:
    fresh = []
    for member_id in member_ids:
        nonce = secrets.token_hex(16)
        hashed = code_hash(_derive(nonce, settings.SECRET_KEY))
        fresh.append(Pass(member_id=member_id, nonce=nonce, code_hash=hashed, issued_at=at))
    return Pass.objects.bulk_create(fresh, batch_size=_AT_ONCE)


def _thousands(ids: list[int]) -> Iterator[list[int]]:
    """No database takes any number of values in one statement."""
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
