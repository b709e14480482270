"""Sealed references: what a kiosk's page holds instead of a member's id.

Short-lived, readable by nobody but this site, and of use to one device at one event only. See
docs/decisions/0012-sealed-references-at-the-kiosk.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

LIFE = timedelta(minutes=5)
_KEY_SALT = b"attendance.references.v1:"
_NONCE, _SEALED, _TAG = 16, 16, 16
LENGTH = 64  # characters of base64 for 48 bytes


class ReferenceRefused(Exception):
    """Forged, cut short, or made for another device or event."""


@dataclass(frozen=True, slots=True)
class Opened:
    member_id: int
    is_expired: bool


def seal(member_id: int, *, device_id: int, event_code: str, at: datetime) -> str:
    """A reference to this member, never twice the same, for one device at one event for five minutes."""
    nonce = secrets.token_bytes(_NONCE)
    plain = member_id.to_bytes(8, "big") + int((at + LIFE).timestamp()).to_bytes(8, "big")
    sealed = _mask(plain, nonce)
    return base64.urlsafe_b64encode(nonce + sealed + _tag(nonce + sealed, device_id, event_code)).decode()


def unseal(reference: str, *, device_id: int, event_code: str, at: datetime) -> Opened:
    """Whom the reference means. Raises ReferenceRefused; one that is merely too old says so in its answer."""
    if len(reference) != LENGTH or not reference.isascii():
        raise ReferenceRefused
    try:
        raw = base64.b64decode(reference, altchars=b"-_", validate=True)
    except ValueError:
        raise ReferenceRefused from None
    body, tag = raw[: _NONCE + _SEALED], raw[_NONCE + _SEALED :]
    if not hmac.compare_digest(tag, _tag(body, device_id, event_code)):
        raise ReferenceRefused
    plain = _mask(body[_NONCE:], body[:_NONCE])
    return Opened(int.from_bytes(plain[:8], "big"), at.timestamp() > int.from_bytes(plain[8:], "big"))


def _key(purpose: bytes) -> bytes:
    return hashlib.sha256(_KEY_SALT + purpose + settings.SECRET_KEY.encode()).digest()


def _mask(text: bytes, nonce: bytes) -> bytes:
    """Encrypts and decrypts: one block of HMAC-SHA256 as the key stream, used once because the nonce is random."""
    stream = hmac.new(_key(b"seal:"), nonce, hashlib.sha256).digest()
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _tag(body: bytes, device_id: int, event_code: str) -> bytes:
    bound = body + f"|{device_id}|{event_code}".encode()
    return hmac.new(_key(b"bind:"), bound, hashlib.sha256).digest()[:_TAG]
