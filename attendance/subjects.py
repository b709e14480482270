"""What was scanned, typed or chosen at a door → which member or guest the rule should look for."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from attendance.models import GUEST_NAME_LENGTH, guest_key
from checkin_project.platform.text import clean_text, clean_v_number
from members import passes

CODE_LENGTH = 100


class By(StrEnum):
    """How the subject names its person."""

    MEMBER = "member"
    NUMBER = "number"
    PASS = "pass"  # noqa: S105 - a kind of code
    GUEST = "guest"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several people who match; `label` is masked ("Ana K.")."""

    label: str
    member_id: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as a door knows them. `values` feed the look-up; `fingerprint` stands for the code in the scan."""

    by: By
    values: tuple[str | int, ...] = ()
    guest_name: str = ""
    fingerprint: str = ""

    @property
    def guest_key(self) -> str:
        return guest_key(self.guest_name)

    def as_filter(self) -> Q:
        """The members this subject means, as a filter of Member; nobody for guests and nonsense."""
        if self.by is By.MEMBER:
            return Q(pk=self.values[0])
        if self.by is By.NUMBER:
            return Q(v_number=self.values[0]) | Q(card_number=self.values[1])
        if self.by is By.PASS:
            return Q(passes__code_hash=self.values[0], passes__revoked_at__isnull=True)
        return Q(pk__in=())

    def key(self, member_id: int | None) -> str:
        """What the scan remembers the subject by, once the look-up has said which member it is."""
        if member_id is not None:
            return f"m:{member_id}"
        if self.by is By.GUEST:
            return f"g:{self.guest_key}"
        if self.by is By.MEMBER:
            return f"m:{self.values[0]}"
        return f"c:{self.fingerprint}"


def fingerprint(code: str) -> str:
    """16 hex digits that tell two codes apart and cannot be turned back into a code (keyed hash)."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"scan:" + code.encode(), "sha256").hex()[:16]


def by_member(member_id: int) -> Subject:
    return Subject(By.MEMBER, (member_id,))


def by_guest_name(name: str) -> Subject:
    """Raises ValidationError when the name is empty, too long or holds marks that cannot be stored."""
    cleaned = clean_text(name, max_length=GUEST_NAME_LENGTH)
    if not cleaned:
        raise ValidationError(_("Enter a name."), code="required")
    return Subject(By.GUEST, guest_name=cleaned)


def by_code(text: str) -> Subject:
    """A pass code, a V-number (with or without its V) or a card's barcode. Never fails: nonsense finds nobody."""
    try:
        code = clean_text(text, max_length=CODE_LENGTH)
    except ValidationError:
        return Subject(By.NOBODY, fingerprint=fingerprint(text.encode(errors="replace").decode()[:CODE_LENGTH]))
    if not code:
        return Subject(By.NOBODY)
    pass_code = passes.normalise(code)
    if pass_code:
        return Subject(By.PASS, (passes.code_hash(pass_code),), fingerprint=fingerprint(pass_code))
    try:
        v_number = clean_v_number(code)
    except ValidationError:
        return Subject(By.NUMBER, ("", code), fingerprint=fingerprint(code))
    return Subject(By.NUMBER, (v_number, code), fingerprint=fingerprint(v_number))
