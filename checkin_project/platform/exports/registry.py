"""Exports that have a name, for pages, commands and stored copies. Each app registers its own while the site starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports.table import Table

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Export:
    """`table` gives what the actor may see and nothing else; `permission` is what it takes somewhere to ask for it.

    `narrowed`, where there is one, gives the part that values which JSON can hold name (`{"ids": [1, 2]}`). It raises
    ValidationError, with a sentence, for values that name nothing. `params` are the names that it knows.
    """

    name: str
    label: str | _StrPromise
    permission: Permission
    table: Callable[[Actor], Table]
    narrowed: Callable[[Actor, Mapping[str, Any]], Table] | None = None
    params: tuple[str, ...] = ()


_exports: dict[str, Export] = {}


def register(export: Export) -> None:
    """Offer this export under its name. Safe to repeat."""
    _exports[export.name] = export


def find(name: str) -> Export | None:
    """The export of this name. Whether somebody may have it is the caller's to ask."""
    return _exports.get(name)


def exports_for(actor: Actor) -> list[Export]:
    """What this actor may export, by name."""
    found = sorted(_exports.values(), key=lambda export: export.name)
    return [export for export in found if actor.may_somewhere(export.permission)]
