"""A kiosk for tests: a browser that holds a paired device's cookie."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from attendance.devices import Place, pair_here
from attendance.models import Device
from events.models import Event
from events.tests.factories import make_event

FETCH = {"X-Requested-With": "kiosk"}


def open_event(**fields: Any) -> Event:
    """An event that began an hour ago."""
    return make_event(**({"starts_at": timezone.now() - timedelta(hours=1)} | fields))


class Kiosk:
    """A paired screen. `event` None serves today's events."""

    def __init__(self, event: Event | None = None, **place: Any) -> None:
        place = {"kind": Device.Kind.KIOSK, "name": "Front door"} | place
        where = Place(event_id=event.pk if event else None, **place)
        self.device, self.token = pair_here(where, by_user_id=None, at=timezone.now())
        self.event = event
        self.client = Client()
        self.client.cookies[settings.DEVICE_COOKIE_NAME] = self.token

    def url(self, act: str = "", event: Event | None = None) -> str:
        event = event or self.event
        assert event is not None
        return f"/kiosk/{event.code}/{act}/" if act else f"/kiosk/{event.code}/"

    def post(self, act: str, data: dict[str, Any] | None = None, *, event: Event | None = None) -> Any:
        """As the page's script does it: the answer is a part of the page."""
        return self.client.post(self.url(act, event), {"operation_id": str(uuid4())} | (data or {}), headers=FETCH)

    def enter(self, entry: str, **data: Any) -> Any:
        return self.post("check-in", {"entry": entry} | data)

    def search(self, entry: str) -> Any:
        return self.post("search", {"entry": entry})


def references_in(answer: HttpResponse) -> list[str]:
    """The sealed references of an answer's buttons."""
    return [part.split('"', 1)[0] for part in answer.content.decode().split('name="ref" value="')[1:]]
