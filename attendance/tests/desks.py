"""The dashboard for tests: a browser that somebody is signed in to, at one event's page."""

from typing import Any
from uuid import uuid4

from django.test import Client

from checkin_project.platform.access import Actor, Role, actor_for
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user
from events.models import Event

FETCH = {"X-Requested-With": "dashboard"}


class Desk:
    """Somebody at the dashboard of `event`; a supervisor everywhere unless told otherwise."""

    def __init__(self, event: Event, role: Role | None = Role.SUPERVISOR, *, user: User | None = None) -> None:
        self.event = event
        self.user = user or make_user(role=role)
        self.client = Client()
        self.client.force_login(self.user)

    @property
    def actor(self) -> Actor:
        return actor_for(self.user)

    @property
    def url(self) -> str:
        return f"/dashboard/{self.event.code}/"

    def page(self) -> Any:
        return self.client.get(self.url)

    def parts(self, version: int = 0) -> Any:
        return self.client.get(f"{self.url}parts/?version={version}")

    def act(self, act: str, *, script: bool = True, **data: Any) -> Any:
        """As the page's script does it, or as the plain form does."""
        sent = {"act": act, "operation_id": str(uuid4())} | data
        return self.client.post(self.url, sent, headers=FETCH if script else {})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def references_in(answer: Any) -> list[str]:
    """The sealed references of an answer's forms and buttons."""
    return [part.split('"', 1)[0] for part in text_of(answer).split('name="ref" value="')[1:]]
