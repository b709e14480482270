"""API keys: shown once, kept as a hash."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from checkin_project.platform.access import Permission, Role
from members import keys
from members.models import ApiKey

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, tzinfo=UTC)


def test_the_secret_is_not_kept() -> None:
    key, secret = keys.create_key("Integrator", ["check_in"])

    stored = ApiKey.objects.filter(pk=key.pk).values_list("prefix", "secret_hash", "name").get()

    assert secret not in "".join(stored)
    assert secret.startswith(stored[0])


def test_a_key_acts_with_its_scopes_and_its_event() -> None:
    key, secret = keys.create_key("Door", ["check_in", "read_counts"], event_code="BCDFGHJK")

    actor = keys.actor_for_secret(secret, at=AT, note_use=False)

    assert actor is not None
    assert (actor.key_id, actor.role, actor.event_code) == (key.pk, Role.STEWARD, "BCDFGHJK")
    assert not actor.may(Permission.OVERRIDE)


def test_use_is_noted_at_most_once_a_minute_and_only_when_asked() -> None:
    key, secret = keys.create_key("Door", ["check_in"])

    def last_used(at: datetime, *, note_use: bool) -> datetime | None:
        keys.actor_for_secret(secret, at=at, note_use=note_use)
        key.refresh_from_db()
        return key.last_used_at

    assert last_used(AT, note_use=False) is None
    assert last_used(AT, note_use=True) == AT
    assert last_used(AT + timedelta(seconds=30), note_use=True) == AT
    assert last_used(AT + timedelta(seconds=61), note_use=True) == AT + timedelta(seconds=61)


def test_revoked_and_expired_keys_are_nobody() -> None:
    revoked, revoked_secret = keys.create_key("Old", ["check_in"])
    keys.revoke(revoked, at=AT)
    _expired, expired_secret = keys.create_key("Late", ["check_in"], expires_at=AT)

    assert keys.actor_for_secret(revoked_secret, at=AT, note_use=False) is None
    assert keys.actor_for_secret(expired_secret, at=AT, note_use=False) is None


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_no_scope_and_an_unknown_scope_are_refused(scopes: list[str]) -> None:
    with pytest.raises(ValidationError):
        keys.create_key("Odd", scopes)
