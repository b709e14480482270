"""The devices pages: Ana pairs and revokes, others see none of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Device, PairingCode
from attendance.tests.kiosks import Kiosk, open_event
from checkin_project.platform.access import Role
from checkin_project.platform.tests import qrreader
from checkin_project.platform.tests.factories import make_user
from events.tests.factories import make_group

pytestmark = pytest.mark.django_db


def _browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="checkin_project.platform.signin.RoleBackend")
    return client


def _ana() -> Client:
    return _browser_of(make_user(Role.ORGANISER))


def test_ana_sees_her_devices_and_how_they_are() -> None:
    Kiosk(open_event(name="Chess night"), name="Front door", gate="North")
    gone = Kiosk(name="Old tablet").device
    Device.objects.filter(pk=gone.pk).update(last_seen_at=timezone.now() - timedelta(days=8))

    page = _ana().get("/devices/").content.decode()

    assert all(words in page for words in ("Front door", "North", "Chess night", "Online", "Old tablet", "Expired"))


@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR, None])
@pytest.mark.parametrize("path", ["/devices/", "/devices/1/revoke/", "/devices/pairing/1/"])
def test_who_manages_no_devices_sees_none(role: Role | None, path: str) -> None:
    assert _browser_of(make_user(role)).get(path).status_code == 403


def test_cleo_has_to_sign_in() -> None:
    assert Client().get("/devices/").headers["Location"] == "/sign-in/?next=/devices/"


def test_a_groups_organiser_sees_and_revokes_that_groups_devices_only() -> None:
    group = make_group()
    ours = Kiosk(open_event(group=group), name="Ours").device
    theirs = Kiosk(open_event(group=make_group()), name="Theirs").device
    everybodys = Kiosk(name="Everybodys").device
    user = make_user(None)
    user.group_roles.create(group=group, role=Role.ORGANISER)
    browser = _browser_of(user)

    page = browser.get("/devices/").content.decode()
    statuses = [browser.post(f"/devices/{each.pk}/revoke/").status_code for each in (ours, theirs, everybodys)]

    assert [name in page for name in ("Ours", "Theirs", "Everybodys")] == [True, False, False]
    assert statuses == [302, 404, 404]


def test_a_pairing_code_is_shown_as_characters_and_qr_and_only_its_hash_is_kept() -> None:
    event = open_event()

    page = (
        _ana().post("/devices/pair/", {"where": f"event:{event.pk}", "name": "Front door", "pin": ""}).content.decode()
    )

    shown = re.search(r'class="code__characters"[^>]*>([^<]+)<', page)
    picture = re.search(r'class="qr" viewBox="0 0 (\d+) \1".*? d="([^"]+)"', page, re.DOTALL)
    assert shown
    assert picture
    assert len(shown[1]) == 6
    assert qrreader.read(qrreader.drawn(picture[2], int(picture[1]))) == f"{settings.SITE_URL}/kiosk/pair/{shown[1]}/"
    offer = PairingCode.objects.get()
    assert shown[1] not in offer.code_hash
    assert offer.event == event


@pytest.mark.parametrize("wrong", [{"where": "event:0"}, {"pin": "12"}, {"name": ""}, {"gate": "\u202eevil"}])
def test_a_mistake_keeps_what_was_typed(wrong: dict[str, str]) -> None:
    answer = _ana().post(
        "/devices/pair/", {"where": "today", "name": "Front door", "gate": "North gate", "pin": ""} | wrong
    )

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "errorlist" in page
    assert wrong.get("gate") or 'value="North gate"' in page
    assert not PairingCode.objects.exists()


def test_the_page_of_a_code_learns_that_it_was_used_and_others_do_not() -> None:
    ana = _ana()
    page = ana.post("/devices/pair/", {"where": "today", "name": "Front door"}).content.decode()
    code = re.search(r'class="code__characters"[^>]*>([^<]+)<', page)
    assert code
    path = f"/devices/pairing/{PairingCode.objects.get().pk}/"

    before = ana.get(path).json()
    Client().post("/kiosk/pair/", {"code": code[1]})

    assert (before, ana.get(path).json()) == ({"used": False}, {"used": True})
    assert _ana().get(path).status_code == 404


def test_revoking_asks_first_and_works_at_once() -> None:
    front = Kiosk(open_event())
    ana = _ana()

    asked = ana.get(f"/devices/{front.device.pk}/revoke/")
    still = front.client.post("/kiosk/heartbeat/").status_code
    ana.post(f"/devices/{front.device.pk}/revoke/")

    assert (asked.status_code, still) == (200, 200)
    assert front.client.post("/kiosk/heartbeat/").status_code == 403
    assert "Revoked" in ana.get("/devices/").content.decode()


def test_a_longer_list_asks_the_database_no_more() -> None:
    ana = _ana()
    asked = []
    for _round in range(2):
        Kiosk(open_event(group=make_group()))
        Kiosk(open_event())
        with CaptureQueriesContext(connection) as queries:
            ana.get("/devices/")
        asked.append(len(queries))

    assert asked[0] == asked[1]
