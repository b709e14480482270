"""The one table of permissions."""

import pytest

from checkin_project.platform.access import ANONYMOUS, PERMISSIONS, SYSTEM, Actor, Permission, Role, actor_for
from checkin_project.platform.tests.factories import make_user

ALLOWED = {
    Role.STEWARD: {"scan", "walk_in", "undo_own"},
    Role.SUPERVISOR: {"search", "override", "undo_any"},
    Role.ORGANISER: {"events", "members", "import", "reports", "devices"},
    Role.ADMINISTRATOR: {"users", "keys", "settings", "restore"},
}


def test_each_role_may_what_the_one_before_may_and_its_own() -> None:
    may: set[str] = set()
    for role, own in ALLOWED.items():
        may |= own
        actor = Actor(is_system=True, role=role)
        assert {permission.value for permission in Permission if actor.may(permission)} == may


def test_every_permission_has_its_least_role() -> None:
    assert set(PERMISSIONS) == set(Permission)


def test_a_role_in_a_group_holds_there_and_nowhere_else() -> None:
    actor = Actor(user_id=1, group_roles={7: Role.ORGANISER, 8: Role.STEWARD})

    assert actor.may(Permission.EVENTS, 7)
    assert not actor.may(Permission.EVENTS, 8)
    assert not actor.may(Permission.EVENTS, 9)
    assert not actor.may(Permission.EVENTS)
    assert actor.groups_where(Permission.EVENTS) == [7]
    assert actor.may_somewhere(Permission.EVENTS)


def test_nobody_may_nothing_and_the_system_may_all() -> None:
    assert not any(ANONYMOUS.may(permission) for permission in Permission)
    assert all(SYSTEM.may(permission) for permission in Permission)
    assert ANONYMOUS.is_anonymous
    assert not SYSTEM.is_anonymous


@pytest.mark.django_db
def test_a_user_without_a_role_works_nowhere_and_an_inactive_one_is_nobody() -> None:
    cleo = make_user(role=None)
    ana = make_user(role=Role.ADMINISTRATOR, is_active=False)

    assert not actor_for(cleo).is_staff
    assert actor_for(ana) is ANONYMOUS
