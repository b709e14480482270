"""Event codes: what the QR on a screen or poster says, signed with keys of its own, and what is wrong with one.

A poster's code lives for 24 hours. A rotating code is a new one every 30 seconds, the same on every machine; it and the
one before are accepted. See docs/decisions/0014-event-codes.md.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from attendance import live
from attendance.models import Method
from attendance.outcomes import Outcome
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.models import User
from events.models import CODE_LENGTH, CheckInSettings, Event

POSTER_LIFE = timedelta(hours=24)
ROTATION = timedelta(seconds=30)
# The code on the screen and the one before it.
ROTATING_LIFE = 2 * ROTATION
# How far a machine's clock may run ahead of ours.
AHEAD = timedelta(seconds=60)
# Longer ones are none of ours, and are not even looked at.
MOST_CHARACTERS = 60
# 20 letters of base32 are 100 bits: nobody guesses them by asking.
TAG_LENGTH = 20


class Kind(StrEnum):
    """How a code is shown; the value is that of CheckInSettings.self_check_in."""

    POSTER = "poster"
    ROTATING = "rotating"

    @property
    def letter(self) -> str:
        return "P" if self is Kind.POSTER else "R"

    @property
    def life(self) -> timedelta:
        return POSTER_LIFE if self is Kind.POSTER else ROTATING_LIFE

    @property
    def method(self) -> Method:
        """The door that is written down: a poster may have been photographed and sent home."""
        return Method.POSTER if self is Kind.POSTER else Method.SELF


class SelfCheckInOff(Exception):
    """The event's settings allow no self check-in, so there is no code to show."""


@dataclass(frozen=True, slots=True)
class EventCode:
    """A code to show. `renews_at` is when to ask for the next one; from `expires_at` on this one is refused."""

    token: str
    url: str
    kind: Kind
    issued_at: datetime
    renews_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a token says. `event` (with its settings) is known when we signed it and the event is still there.

    `problem` is None, CODE_EXPIRED, CODE_REVOKED or CODE_INVALID; without an event it is always the last one.
    """

    event: Event | None = None
    kind: Kind | None = None
    issued_at: datetime | None = None
    version: int = 0
    problem: Outcome | None = None

    @property
    def known(self) -> tuple[Event, Kind]:
        """Event and kind of a code that we signed. Raises ValueError for any other."""
        if self.event is None or self.kind is None:
            raise ValueError("This code names no event.")
        return self.event, self.kind


NOTHING = Reading(problem=Outcome.CODE_INVALID)
# Event code, kind, seconds since 1970 and version (the last two in base 36), before the signature.
_FORM = re.compile(rf"([A-Z0-9]{{{CODE_LENGTH}}})([PR])([0-9A-Z]{{7}})([0-9A-Z]{{1,7}})")
_KINDS = {kind.letter: kind for kind in Kind}


class CodeSigner(Signer):
    """Django's Signer with our own keys and a signature of capitals and digits, which a QR code holds in less room."""

    def __init__(self, purpose: str) -> None:
        first, *others = settings.QR_SIGNING_KEYS
        self._own_salt = f"attendance.eventcodes.{purpose}"
        super().__init__(key=first, fallback_keys=[*others], salt=self._own_salt, sep=".")

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        digest = salted_hmac(self._own_salt, value, key or self.key, algorithm="sha256").digest()
        return base64.b32encode(digest).decode()[:TAG_LENGTH]


def issue(event: Event, *, at: datetime) -> EventCode:
    """The code to show for this event at this moment. Writes nothing.

    For a rotating code the same all through its half minute, and on every machine. Raises SelfCheckInOff.
    """
    rules = event.check_in_settings
    if rules.self_check_in == CheckInSettings.SelfCheckIn.OFF:
        raise SelfCheckInOff
    kind = Kind(rules.self_check_in)
    seconds = int(at.timestamp())
    if kind is Kind.ROTATING:
        seconds -= seconds % int(ROTATION.total_seconds())
    issued_at = datetime.fromtimestamp(seconds, UTC)
    value = f"{event.code}{kind.letter}{base36(seconds):0>7}{base36(rules.code_version)}"
    token = CodeSigner(kind).sign(value)
    return EventCode(
        token=token,
        url=settings.SITE_URL + reverse("attendance:self", args=[token]),
        kind=kind,
        issued_at=issued_at,
        # A poster that stays on a screen gets a new code long before the old one runs out.
        renews_at=issued_at + (ROTATION if kind is Kind.ROTATING else POSTER_LIFE / 2),
        expires_at=issued_at + kind.life,
    )


def read(token: str, *, at: datetime) -> Reading:
    """What `token` says at this moment, and what is wrong with it. One query, none for what we did not sign."""
    said = _unsigned(token)
    if said is None:
        return NOTHING
    code, kind, issued_at, version = said
    event = Event.objects.select_related("check_in_settings").filter(code=code).first()
    if event is None:
        return NOTHING
    return Reading(event, kind, issued_at, version, _problem(event.check_in_settings, kind, issued_at, version, at))


def is_withdrawn(rules: CheckInSettings, kind: Kind, version: int) -> bool:
    """Codes of an older version are withdrawn, and so are those of a kind that the event no longer uses."""
    return rules.self_check_in != kind or rules.code_version != version


def withdraw(event: Event, *, by: Actor, at: datetime) -> None:
    """Every code shown or printed so far stops working at once; screens show a new one. Kept in the settings' history.

    Raises PermissionDenied for whoever may not take back others' check-ins. Each call withdraws once more.
    """
    if not by.may(Permission.UNDO_ANY, event.group_id):
        raise PermissionDenied
    with transaction.atomic():
        rules = CheckInSettings.objects.select_for_update().get(event=event)
        rules.code_version += 1
        rules._history_date = at  # type: ignore[attr-defined]
        if by.user_id is not None:
            rules._history_user = User.objects.get(pk=by.user_id)  # type: ignore[attr-defined]
        rules.save(update_fields=["code_version"])
        live.announce_settings(event.pk, event.code)


def _unsigned(token: str) -> tuple[str, Kind, datetime, int] | None:
    """Event code, kind, time and version of a token that we signed for just this purpose."""
    if len(token) > MOST_CHARACTERS or not token.isascii():
        return None
    match = _FORM.fullmatch(token.rpartition(".")[0])
    if match is None:
        return None
    code, letter, seconds, version = match.groups()
    kind = _KINDS[letter]
    try:
        CodeSigner(kind).unsign(token)
    except BadSignature:
        return None
    return code, kind, datetime.fromtimestamp(int(seconds, 36), UTC), int(version, 36)


def _problem(rules: CheckInSettings, kind: Kind, issued_at: datetime, version: int, at: datetime) -> Outcome | None:
    if issued_at - at > AHEAD:
        return Outcome.CODE_INVALID
    if at - issued_at >= kind.life:
        return Outcome.CODE_EXPIRED
    return Outcome.CODE_REVOKED if is_withdrawn(rules, kind, version) else None


def base36(number: int) -> str:
    """Digits and capitals, as in a code."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits or "0"
