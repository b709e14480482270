"""Admin pages of members, points and keys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from checkin_project.platform.access import Role, Scope
from checkin_project.platform.tests.admin_pages import act, messages_of, page, signed_in, text_of
from members import loyalty
from members.keys import actor_for_secret, create_key
from members.models import ApiKey, LoyaltyEntry, Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def _found(client: Client, text: str) -> list[str]:
    response = client.get(page(Member, "changelist"), {"q": text})
    return [str(member) for member in response.context["cl"].result_list]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mul", ["Ana Müller"]),
        ("ana mü", ["Ana Müller"]),
        ("V01234567", ["Ben Brown"]),
        ("01234567", ["Ben Brown"]),
        ("ben@example.org", ["Ben Brown"]),
        ("old-7", ["Ben Brown"]),
        ("own", []),
    ],
)
def test_members_are_found_by_the_beginning_of_a_name_or_by_a_number(text: str, names: list[str]) -> None:
    make_member(first_name="Ana", last_name="Müller")
    make_member(v_number="V01234567", personal_email="ben@example.org", legacy_id="old-7")

    assert _found(signed_in(), text) == names


def test_blocking_asks_first_and_keeps_history() -> None:
    ben = make_member()
    client = signed_in()

    question = act(client, ben, "block")
    before = Member.objects.get(pk=ben.pk).status
    answered = act(client, ben, "block", confirmed="yes")

    ben.refresh_from_db()
    assert "Block these members?" in text_of(question)
    assert (before, ben.status) == (Member.Status.ACTIVE, Member.Status.BLOCKED)
    assert messages_of(answered) == ["1 member changed."]
    assert [record.status for record in ben.history.all()] == ["blocked", "active"]


def test_provisional_people_become_members() -> None:
    ben = make_member(status=Member.Status.PROVISIONAL)

    act(signed_in(), ben, "unblock", confirmed="yes")

    ben.refresh_from_db()
    assert ben.status == Member.Status.ACTIVE


def test_a_supervisor_looks_at_members_but_changes_none() -> None:
    ben = make_member()
    client = signed_in(Role.SUPERVISOR)

    client.post(page(Member, "change", ben.pk), {"first_name": "Cleo", "status": "active", "extra": "{}"})
    act(client, ben, "block", confirmed="yes")

    ben.refresh_from_db()
    assert client.get(page(Member, "change", ben.pk)).status_code == 200
    assert (ben.first_name, ben.status) == ("Ben", Member.Status.ACTIVE)


def test_points_are_given_with_a_reason() -> None:
    ben = make_member()

    signed_in().post(page(LoyaltyEntry, "add"), {"member": ben.pk, "points": "120", "description": "Helped  to tidy"})

    entry = LoyaltyEntry.objects.get()
    assert (entry.member, entry.points, entry.description, entry.tier) == (ben, 120, "Helped to tidy", "silver")


def test_points_are_not_taken_below_zero_and_nothing_typed_is_lost() -> None:
    ben = make_member()
    loyalty.award(ben.pk, 10, description="Came", at=AT)

    response = signed_in().post(
        page(LoyaltyEntry, "add"), {"member": ben.pk, "points": "-11", "description": "Mug for Ben"}
    )

    assert LoyaltyEntry.objects.count() == 1
    assert "Only 10 points are left." in text_of(response)
    assert "Mug for Ben" in text_of(response)


def test_the_ledger_is_never_changed_or_cut() -> None:
    entry = loyalty.award(make_member().pk, 10, description="Came", at=AT)
    assert entry is not None
    client = signed_in(Role.ADMINISTRATOR, is_superuser=True)

    statuses = [
        client.post(page(LoyaltyEntry, "change", entry.pk), {"points": "99"}).status_code,
        client.post(page(LoyaltyEntry, "delete", entry.pk), {"post": "yes"}).status_code,
    ]

    entry.refresh_from_db()
    assert (statuses, entry.points) == ([403, 403], 10)


def test_a_keys_secret_is_shown_exactly_once() -> None:
    client = signed_in(Role.ADMINISTRATOR)

    response = client.post(page(ApiKey, "add"), {"name": "Door display", "scopes": [Scope.READ_COUNTS]})

    key = ApiKey.objects.get()
    secret = response.context["secret"]
    actor = actor_for_secret(secret, at=AT, note_use=False)
    assert actor is not None
    assert (actor.key_id, "no-store" in response["Cache-Control"]) == (key.pk, True)
    assert text_of(response).count(secret) == 1
    later = [client.get(page(ApiKey, "changelist")), client.get(page(ApiKey, "change", key.pk)), client.get("/admin/")]
    assert [secret in text_of(seen) for seen in later] == [False, False, False]


def test_a_key_without_a_scope_is_refused_and_the_name_stays_typed() -> None:
    response = signed_in(Role.ADMINISTRATOR).post(page(ApiKey, "add"), {"name": "Door display"})

    assert not ApiKey.objects.exists()
    assert 'value="Door display"' in text_of(response)


def test_a_revoked_key_opens_nothing() -> None:
    key, secret = create_key("Door display", [Scope.CHECK_IN])

    act(signed_in(Role.ADMINISTRATOR), key, "revoke_keys", confirmed="yes")

    assert actor_for_secret(secret, at=AT, note_use=False) is None


@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR, Role.ORGANISER])
def test_keys_are_for_administrators(role: Role) -> None:
    key, _secret = create_key("Door display", [Scope.CHECK_IN])
    client = signed_in(role)

    statuses = {
        client.get(page(ApiKey, "changelist")).status_code,
        client.get(page(ApiKey, "add")).status_code,
        client.get(page(ApiKey, "change", key.pk)).status_code,
    }

    assert statuses == {403}
