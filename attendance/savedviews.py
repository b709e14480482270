"""Questions to the data browser that are kept under a name, for oneself or for every colleague."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from attendance.models import SavedView
from checkin_project.platform.access import Actor

MOST = 100


class NameTaken(Exception):
    """Somebody's own views have different names."""


class TooMany(Exception):
    """Nobody needs more than MOST views."""


def views_of(actor: Actor) -> list[SavedView]:
    """The actor's own, then what colleagues share; at most MOST of each. Two queries."""
    views = SavedView.objects.visible_to(actor).select_related("owner")
    return [*views.filter(owner_id=actor.user_id)[:MOST], *views.exclude(owner_id=actor.user_id)[:MOST]]


def save(name: str, query: str, *, is_shared: bool, by: Actor, at: datetime) -> tuple[SavedView, bool]:
    """Keep the question; one of the same name is replaced. Gives the view, and whether it is new. Raises TooMany."""
    own = SavedView.objects.filter(owner_id=by.user_id)
    if not own.filter(name=name).exists() and own.count() >= MOST:
        raise TooMany
    values = {"query": query, "is_shared": is_shared, "updated_at": at}
    return SavedView.objects.update_or_create(
        owner_id=by.user_id, name=name, defaults=values, create_defaults=values | {"created_at": at}
    )


def change(view: SavedView, name: str, *, is_shared: bool, at: datetime) -> None:
    """Rename it, or share it or not. Raises NameTaken when another one of the same owner has this name."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name, is_shared=is_shared, updated_at=at)
    except IntegrityError:
        raise NameTaken from None
