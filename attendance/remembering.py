"""Who this phone is: a signed cookie that a phone keeps after a check-in, so that the next one takes a single tap.

It is never shown but masked ("Ana K."): the phone may be in somebody else's hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from attendance.subjects import By, Subject, by_guest_name, by_member
from checkin_project.platform.text import mask_name
from members.models import Member

AGE = 365 * 24 * 3600
MOST_CHARACTERS = 2000
_SALT = "attendance.remembering"


@dataclass(frozen=True, slots=True)
class Remembered:
    """Whom a phone's cookie stands for; `label` may be shown to anybody who holds the phone."""

    subject: Subject
    label: str


def seal(subject: Subject, member_id: int | None) -> str:
    """The cookie's value for a member, or for a guest's name."""
    who = {"guest": subject.guest_name} if member_id is None else {"member": member_id}
    return Signer(salt=_SALT).sign_object(who)


def find(cookie: str) -> Remembered | None:
    """Whom the cookie stands for; None when it is not ours or the person is gone. At most one query."""
    if not cookie or len(cookie) > MOST_CHARACTERS:
        return None
    try:
        who = Signer(salt=_SALT).unsign_object(cookie)
    except (BadSignature, ValueError):
        return None
    if "guest" in who:
        return Remembered(by_guest_name(who["guest"]), mask_guest(who["guest"]))
    member = Member.objects.filter(pk=who["member"]).only("first_name", "last_name").first()
    return Remembered(by_member(member.pk), member.masked_name) if member else None


def mask_guest(name: str) -> str:
    """ "Ben Brown" → "Ben B."."""
    first, *rest = name.split()
    return mask_name(first, rest[-1] if rest else "")


def label_of(subject: Subject) -> str:
    """The name as this door says it: a guest's as typed, a member's masked, "" for nobody. At most one query."""
    if subject.by is By.GUEST:
        return subject.guest_name
    found = list(Member.objects.filter(subject.as_filter()).only("first_name", "last_name")[:2])
    return found[0].masked_name if len(found) == 1 else ""
