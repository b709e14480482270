"""Users for tests."""

from itertools import count
from typing import Any

from checkin_project.platform.access import Role
from checkin_project.platform.models import User

PASSWORD = "a quiet desk by the door"
_numbers = count(1)


def make_user(role: Role | None = Role.ORGANISER, **fields: Any) -> User:
    """A person who may sign in with PASSWORD; `role` holds everywhere, None is a user without one."""
    fields.setdefault("username", f"user{next(_numbers)}")
    password = fields.pop("password", PASSWORD)
    return User.objects.create_user(password=password, role=role or "", is_staff=role is not None, **fields)
