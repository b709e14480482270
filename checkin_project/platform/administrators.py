"""Somebody must always be able to give out roles: the last administrator stays one."""

from __future__ import annotations

from django.db.models import Q

from checkin_project.platform.access import Role
from checkin_project.platform.models import User


def is_last_administrator(user: User) -> bool:
    """Is this the only active administrator (superusers count)? Locks their rows: call it inside the transaction
    that changes one of them, so that two administrators cannot demote each other at the same moment."""
    rows = User.objects.select_for_update().filter(Q(role=Role.ADMINISTRATOR) | Q(is_superuser=True), is_active=True)
    return list(rows.order_by("pk").values_list("pk", flat=True)) == [user.pk]
