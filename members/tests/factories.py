"""Members for tests: dull defaults, every field can be given."""

from itertools import count
from typing import Any

from members.models import Member

_numbers = count(1)


def make_member(**fields: Any) -> Member:
    """A saved member. Without a name it is Ben Brown; nothing unique is filled in unless given."""
    return Member.objects.create(**({"first_name": "Ben", "last_name": "Brown"} | fields))


def next_v_number() -> str:
    """A V-number that no other test of this process gets."""
    return f"V{next(_numbers):08d}"
