"""Users and imports for tests."""

from itertools import count
from typing import Any

from django.utils import timezone

from checkin_project.platform.access import Role
from checkin_project.platform.models import ImportRun, User

PASSWORD = "a quiet desk by the door"
_numbers = count(1)


def make_user(role: Role | None = Role.ORGANISER, **fields: Any) -> User:
    """A person who may sign in with PASSWORD; `role` holds everywhere, None is a user without one."""
    fields.setdefault("username", f"user{next(_numbers)}")
    password = fields.pop("password", PASSWORD)
    return User.objects.create_user(password=password, role=role or "", is_staff=role is not None, **fields)


def make_import_run(**fields: Any) -> ImportRun:
    """A run of two rows that waits for a yes; its file is not kept any more."""
    now = timezone.now()
    dull = {"created_at": now, "touched_at": now, "file_name": "members.csv", "kind": "members", "size": 40}
    run = ImportRun.objects.create(
        **dull | {"sha256": "0" * 64, "state": ImportRun.State.PLANNED, "counts": {"new": 1, "error": 1}} | fields
    )
    run.rows.create(line=2, state="new", label="Ana Cruz", changes=[["first_name", "", "Ana"]])
    run.rows.create(line=3, state="error", problems=[["v_number", "12", "This is no V-number."]])
    return run
