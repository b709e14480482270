"""Who may watch an event's numbers, and whether with names: one rule for pages, polls and sockets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.utils.crypto import constant_time_compare

from attendance.devices import actor_of, device_for_token
from attendance.models import Device
from checkin_project.platform.access import ANONYMOUS, Actor, Permission, actor_for
from checkin_project.platform.models import User
from events.models import Event


@dataclass(frozen=True, slots=True)
class Right:
    """To watch this event; `names` says whether the feed of who came and went belongs to it."""

    event: Event
    names: bool


def right_to_watch(code: str, actor: Actor, device: Device | None = None) -> Right | None:
    """None when the event does not exist for them: drafts, other groups' hidden events, absent ones.

    Whoever works at the event watches it, those who may search people there with names. A paired kiosk or scanner
    watches its own events. Everybody else watches what is published. Numbers of what is public are public, so a role in
    one group takes nothing away. One query.
    """
    known = Event.objects.filter(code=code)
    found = (known.visible_to(actor) | known.published()).first()
    if found is not None:
        return Right(found, names=actor.may(Permission.SEARCH, found.group_id) and not actor.event_code)
    if device is not None:
        found = known.visible_to(actor_of(device)).first()
    return None if found is None else Right(found, names=False)


@dataclass(frozen=True, slots=True)
class Badge:
    """What a browser shows of itself when it opens a socket: its session's key and its device's token, "" for none."""

    session: str = ""
    device: str = ""

    def actor(self) -> Actor:
        """Whoever is signed in by this session. Looking changes nothing: nobody is signed out by it."""
        return actor_for(user) if (user := _user_of(self.session)) is not None else ANONYMOUS

    def paired(self, *, at: datetime) -> Device | None:
        return device_for_token(self.device, at=at) if self.device else None


def _user_of(session_key: str) -> User | None:
    if not session_key:
        return None
    session: Any = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    backend = session.get(BACKEND_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(session.get(SESSION_KEY))
    if not isinstance(user, User):
        return None
    # As Django does, but for its habit of ending the session or giving it a new key.
    given = session.get(HASH_SESSION_KEY, "")
    good = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return user if any(constant_time_compare(given, each) for each in good) else None
