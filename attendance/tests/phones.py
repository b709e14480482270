"""A phone for tests: a browser that comes by an event code, keeps its cookies, and sends the form it was given."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.utils import timezone

from attendance import eventcodes
from events.models import CheckInSettings, Event
from events.tests.factories import make_event


def open_event(kind: str = "poster", *, check_in: dict[str, Any] | None = None, **fields: Any) -> Event:
    """An event that began an hour ago and takes self check-ins."""
    starts_at = timezone.now() - timedelta(hours=1)
    return make_event(check_in={"self_check_in": kind} | (check_in or {}), **({"starts_at": starts_at} | fields))


def change(event: Event, **rules: Any) -> Event:
    """The event as the next request reads it, after staff changed its settings."""
    CheckInSettings.objects.filter(event=event).update(**rules)
    return Event.objects.select_related("check_in_settings", "group").get(pk=event.pk)


class Phone:
    """`opened_at` is when the code was on the screen, if it is not now."""

    def __init__(self, event: Event, *, opened_at: datetime | None = None, client: Client | None = None) -> None:
        self.code = eventcodes.issue(event, at=opened_at or timezone.now())
        self.url = f"/c/{self.code.token}/"
        self.client = client or Client()
        self.page: Any = None

    def open(self) -> Any:
        self.page = self.client.get(self.url)
        return self.page

    def enter(self, entry: str = "", **fields: Any) -> Any:
        """Fill in the form of the page that is open (opening it first) and send it."""
        if self.page is None:
            self.open()
        answer = self.send({"entry": entry} | hidden(self.page) | fields)
        if hidden(answer):
            self.page = answer
        return answer

    def again(self, **fields: Any) -> Any:
        """The button "It’s me again"."""
        return self.enter(again="1", **fields)

    def send(self, fields: dict[str, Any]) -> Any:
        return self.client.post(self.url, fields)


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of the form in a page, the token against forgery aside."""
    found = re.findall(r'<input type="hidden" name="(operation|session)" value="([^"]*)">', page.content.decode())
    return dict(found)


def said(page: Any) -> str:
    """The words of the page's content, without its tags."""
    body = page.content.decode().split("<main", 1)[-1].split("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body.split(">", 1)[-1])).split())


def outcome_of(page: Any) -> str:
    """The outcome that the page tells, "" for a form."""
    found = re.search(r'data-outcome="(\w+)"', page.content.decode())
    return found[1] if found else ""
