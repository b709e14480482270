"""Paired kiosks and scanners: how a screen becomes a device, who it is when it asks, and how it stops being one."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Device, PairingCode
from checkin_project.platform.access import Actor, Role
from events.models import CODE_ALPHABET

TOKEN_PREFIX = "dv_"  # noqa: S105 - how tokens begin, not one of them
PAIRING_LENGTH = 6
PAIRING_LIFE = timedelta(minutes=2)
SCANNER_IDLE = timedelta(hours=2)
KIOSK_IDLE = timedelta(days=7)
AFTER_EVENT = timedelta(hours=2)
SEEN_EVERY = timedelta(seconds=20)
_PIN = re.compile(r"^[0-9]{4,8}$")


@dataclass(frozen=True, slots=True)
class Place:
    """What a device is for. `event_id` None means today's events, of `group_id` alone when that is given."""

    kind: Device.Kind
    name: str
    event_id: int | None = None
    group_id: int | None = None
    gate: str = ""
    role: Role = Role.STEWARD
    pin: str = ""
    holder_name: str = ""
    holder_email: str = ""


class PairingFailed(Exception):
    """The code is wrong, used or older than two minutes. The message is for people."""


def token_hash(token: str) -> str:
    """SHA-256 in hex; tokens are 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def pin_hash(pin: str) -> str:
    """The hash of a PIN of 4 to 8 digits, "" for none. Raises ValidationError."""
    if not pin:
        return ""
    if not _PIN.match(pin):
        raise ValidationError({"pin": _("A PIN has 4 to 8 digits.")})
    return make_password(pin)


def is_pin(device: Device, pin: str) -> bool:
    """Does this PIN unlock the device? One without a PIN is unlocked by staff who sign in, never by a PIN."""
    return bool(device.pin_hash) and check_password(pin, device.pin_hash)


def offer_pairing(place: Place, *, by_user_id: int, at: datetime) -> tuple[PairingCode, str]:
    """A single-use code of six characters that pairs one screen within two minutes."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _position in range(PAIRING_LENGTH))
    offer = PairingCode.objects.create(
        code_hash=token_hash(code),
        kind=place.kind,
        name=place.name,
        event_id=place.event_id,
        group_id=place.group_id,
        gate=place.gate,
        role=place.role.value,
        pin_hash=pin_hash(place.pin),
        created_by_id=by_user_id,
        created_at=at,
        expires_at=at + PAIRING_LIFE,
    )
    return offer, code


def pair(code: str, *, at: datetime, user_agent: str = "") -> tuple[Device, str]:
    """Turn a pairing code into a device and its token, which is shown once. Raises PairingFailed."""
    typed = re.sub(r"[\s-]", "", code).upper()
    with transaction.atomic():
        offers = PairingCode.objects.filter(code_hash=token_hash(typed))
        # One statement decides who uses it, so that of two screens only one is paired.
        if not offers.filter(used_at__isnull=True, expires_at__gt=at).update(used_at=at):
            raise PairingFailed(_("This pairing code is wrong, used or older than two minutes. Ask for a new one."))
        offer = offers.get()
        return _create(
            Device(
                kind=offer.kind,
                name=offer.name,
                event_id=offer.event_id,
                group_id=offer.group_id,
                gate=offer.gate,
                role=offer.role,
                pin_hash=offer.pin_hash,
                paired_by_id=offer.created_by_id,
            ),
            at=at,
            user_agent=user_agent,
        )


def pair_here(place: Place, *, by_user_id: int | None, at: datetime, user_agent: str = "") -> tuple[Device, str]:
    """Make this very screen a device, on the word of the member of staff who sits at it (or of a command)."""
    device = Device(
        kind=place.kind,
        name=place.name,
        event_id=place.event_id,
        group_id=place.group_id,
        gate=place.gate,
        role=place.role.value,
        pin_hash=pin_hash(place.pin),
        holder_name=place.holder_name,
        holder_email=place.holder_email,
        paired_by_id=by_user_id,
    )
    return _create(device, at=at, user_agent=user_agent)


def _create(device: Device, *, at: datetime, user_agent: str) -> tuple[Device, str]:
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    device.token_hash = token_hash(token)
    device.paired_at = device.last_seen_at = at
    device.user_agent = user_agent[:300]
    device.full_clean(exclude=["token_hash"])
    device.save()
    return device, token


def revoke(device: Device, *, at: datetime) -> None:
    """The device is a stranger from its next request on. Safe to repeat."""
    Device.objects.filter(pk=device.pk, revoked_at__isnull=True).update(revoked_at=at)


def device_for_token(token: str, *, at: datetime) -> Device | None:
    """The live device of this token with its event and group, or None. One query."""
    if not token.startswith(TOKEN_PREFIX) or len(token) > 100:
        return None
    live = Device.objects.live().select_related("event__check_in_settings", "group")
    device = live.filter(token_hash=token_hash(token)).first()
    return device if device is not None and at <= expires_at(device) else None


def expires_at(device: Device) -> datetime:
    """When the device stops being one by itself: idle for long, or two hours after its event, or with its check-in."""
    idle = KIOSK_IDLE if device.kind == Device.Kind.KIOSK else SCANNER_IDLE
    end = (device.last_seen_at or device.paired_at) + idle
    if device.event is None:
        return end
    # A device that is paired long before its event waits for it.
    closes_at = device.event.check_in_settings.window(device.event)[1]
    after_event = max(device.event.ends_at + AFTER_EVENT, closes_at)
    return after_event if device.kind == Device.Kind.KIOSK else min(max(end, device.event.starts_at), after_event)


def actor_of(device: Device) -> Actor:
    """What the device may do: its role at its event, in its group, or at today's events everywhere."""
    role = Role(device.role)
    if device.event is not None:
        return Actor(device_id=device.pk, role=role, event_code=device.event.code, gate=device.gate)
    if device.group_id is not None:
        return Actor(device_id=device.pk, group_roles={device.group_id: role}, gate=device.gate)
    return Actor(device_id=device.pk, role=role, gate=device.gate)


def note_seen(device: Device, *, at: datetime, queue_length: int | None = None) -> None:
    """Remember that the device is alive, at most every twenty seconds. Only requests that may write call this."""
    is_recent = device.last_seen_at is not None and at - device.last_seen_at < SEEN_EVERY
    if is_recent and queue_length in (None, device.queue_length):
        return
    seen = Device.objects.filter(pk=device.pk)
    if queue_length is None:
        seen.update(last_seen_at=at)
    else:
        seen.update(last_seen_at=at, queue_length=queue_length)
