"""Who is asking, and may they: roles, the one table of permissions, and the Actor every rule is given.

An Actor holds plain values, so that each model's `visible_to(actor)` needs no import of a higher app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from checkin_project.platform.models import User


class Role(models.TextChoices):
    """Each role may do all that the one before it may."""

    STEWARD = "steward", _("Steward")
    SUPERVISOR = "supervisor", _("Supervisor")
    ORGANISER = "organiser", _("Organiser")
    ADMINISTRATOR = "administrator", _("Administrator")

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Permission(StrEnum):
    SCAN = "scan"
    WALK_IN = "walk_in"
    UNDO_OWN = "undo_own"
    SEARCH = "search"
    OVERRIDE = "override"
    UNDO_ANY = "undo_any"
    EVENTS = "events"
    MEMBERS = "members"
    IMPORT = "import"
    REPORTS = "reports"
    DEVICES = "devices"
    USERS = "users"
    KEYS = "keys"
    SETTINGS = "settings"
    RESTORE = "restore"


# The least role that may. docs/roles.md prints this table and a test compares the two.
PERMISSIONS: dict[Permission, Role] = {
    Permission.SCAN: Role.STEWARD,
    Permission.WALK_IN: Role.STEWARD,
    Permission.UNDO_OWN: Role.STEWARD,
    Permission.SEARCH: Role.SUPERVISOR,
    Permission.OVERRIDE: Role.SUPERVISOR,
    Permission.UNDO_ANY: Role.SUPERVISOR,
    Permission.EVENTS: Role.ORGANISER,
    Permission.MEMBERS: Role.ORGANISER,
    Permission.IMPORT: Role.ORGANISER,
    Permission.REPORTS: Role.ORGANISER,
    Permission.DEVICES: Role.ORGANISER,
    Permission.USERS: Role.ADMINISTRATOR,
    Permission.KEYS: Role.ADMINISTRATOR,
    Permission.SETTINGS: Role.ADMINISTRATOR,
    Permission.RESTORE: Role.ADMINISTRATOR,
}


class Scope(models.TextChoices):
    """What an API key may be used for."""

    CHECK_IN = "check_in", _("Check in, check out and undo")
    OVERRIDE = "override", _("Override a refusal with a reason")
    READ_COUNTS = "read_counts", _("Read the numbers of events")


def _enough(role: Role | None, permission: Permission) -> bool:
    return role is not None and role.rank >= PERMISSIONS[permission].rank


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in user, a paired device, an API key, the system itself (commands), or nobody.

    `role` holds everywhere, `group_roles` (group id → role) in single groups. A key or device that is bound to one
    event carries that event's code; `scopes` belong to keys and `today` to kiosks that follow today's events.
    """

    user_id: int | None = None
    device_id: int | None = None
    key_id: int | None = None
    is_system: bool = False
    is_superuser: bool = False
    role: Role | None = None
    group_roles: Mapping[int, Role] = field(default_factory=dict)
    event_code: str = ""
    scopes: frozenset[str] = frozenset()
    gate: str = ""

    @property
    def is_anonymous(self) -> bool:
        return not (self.user_id or self.device_id or self.key_id or self.is_system)

    @property
    def is_staff(self) -> bool:
        """Has a role somewhere."""
        return self.role is not None or bool(self.group_roles)

    def may(self, permission: Permission, group_id: int | None = None) -> bool:
        """May the actor do this, everywhere or (with `group_id`) for that group's records?"""
        if _enough(self.role, permission):
            return True
        return group_id is not None and _enough(self.group_roles.get(group_id), permission)

    def may_somewhere(self, permission: Permission) -> bool:
        """May the actor do this everywhere or in at least one group?"""
        return _enough(self.role, permission) or any(_enough(role, permission) for role in self.group_roles.values())

    def groups_where(self, permission: Permission) -> list[int]:
        """Ids of the groups in which a role of the actor's allows this (roles held everywhere left aside)."""
        return [group_id for group_id, role in self.group_roles.items() if _enough(role, permission)]


ANONYMOUS = Actor()
SYSTEM = Actor(is_system=True, role=Role.ADMINISTRATOR)


def actor_for(user: User | AnonymousUser) -> Actor:
    """The Actor of a signed-in user (one query for the roles in groups), or ANONYMOUS."""
    if not user.is_authenticated or not user.is_active:
        return ANONYMOUS
    role = Role.ADMINISTRATOR if user.is_superuser else Role(user.role) if user.role else None
    in_groups = user.group_roles.values_list("group_id", "role")
    return Actor(
        user_id=user.pk,
        role=role,
        is_superuser=user.is_superuser,
        group_roles={group_id: Role(name) for group_id, name in in_groups},
    )


def request_actor(request: HttpRequest) -> Actor:
    """The signed-in user of the request as an Actor, looked up once per request."""
    cached: Actor | None = getattr(request, "_actor", None)
    if cached is None:
        cached = actor_for(request.user)
        request._actor = cached  # type: ignore[attr-defined]
    return cached
