"""API keys: made once, shown once, looked up by the hash of their secret."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from checkin_project.platform.access import Actor, Role, Scope
from members.models import ApiKey

PREFIX = "ck_"
# A program asks many times a second. Of a revoked key other processes hear within this time.
REMEMBERED = timedelta(seconds=0.9)
MOST_REMEMBERED = 1000
# (hash of the secret, whether its use is noted) → when it was found valid, and whose it is.
_remembered: dict[tuple[str, bool], tuple[datetime, Actor]] = {}
_VALID_KEY = (
    "SELECT id, scopes, event_code, last_used_at FROM api_keys"
    " WHERE secret_hash = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)"
)


def secret_hash(secret: str) -> str:
    """SHA-256 in hex. The secrets are 256 random bits, so a slow hash would only slow the door."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_key(
    name: str,
    scopes: Iterable[str],
    *,
    by_user_id: int | None = None,
    event_code: str = "",
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be read again. Raises ValidationError for unknown scopes or none."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise ValidationError({"scopes": _("Choose at least one scope.")})
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        name=name,
        prefix=secret[:9],
        secret_hash=secret_hash(secret),
        scopes=wanted,
        created_by_id=by_user_id,
        event_code=event_code,
        expires_at=expires_at,
    )
    key.full_clean()
    key.save()
    return key, secret


def revoke(key: ApiKey, *, at: datetime) -> None:
    """The key stops working: here with the next request, in other processes within a second. Safe to repeat."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at)
    for note_use in (True, False):
        _remembered.pop((key.secret_hash, note_use), None)


def actor_for_secret(secret: str, *, at: datetime, note_use: bool) -> Actor | None:
    """The Actor of a valid key, or None. At most one query; what it said is believed for REMEMBERED.

    With `note_use` the time of use is noted, at most once a minute.
    """
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    asked = secret_hash(secret), note_use
    known = _remembered.get(asked)
    if known is not None and timedelta() <= at - known[0] < REMEMBERED:
        return known[1]
    actor = _look_up(asked[0], at, note_use=note_use)
    if actor is not None:
        if len(_remembered) > MOST_REMEMBERED:
            _remembered.clear()
        _remembered[asked] = (at, actor)
    return actor


def _look_up(hashed: str, at: datetime, *, note_use: bool) -> Actor | None:
    # By hand, because every request of a program begins with it: half the time of the same question through the ORM.
    with connection.cursor() as cursor:
        cursor.execute(_VALID_KEY, [hashed, connection.ops.adapt_datetimefield_value(at)])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, scopes_text, event_code, last_used_at = row
    scopes = json.loads(scopes_text)
    if isinstance(last_used_at, datetime) and last_used_at.tzinfo is None:
        last_used_at = last_used_at.replace(tzinfo=UTC)  # SQLite keeps UTC without saying so.
    if note_use and (last_used_at is None or at - last_used_at > timedelta(minutes=1)):
        ApiKey.objects.filter(pk=pk).update(last_used_at=at)
    role = Role.SUPERVISOR if Scope.OVERRIDE in scopes else Role.STEWARD if Scope.CHECK_IN in scopes else None
    return Actor(key_id=pk, role=role, event_code=event_code, scopes=frozenset(scopes))
