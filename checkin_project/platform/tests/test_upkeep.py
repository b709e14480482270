"""What administrators are told about backups and background work."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from checkin_project.platform.access import Actor, Role
from checkin_project.platform.models import Backup, ScheduledJob, Worker
from checkin_project.platform.tests.admin_pages import signed_in, text_of
from checkin_project.platform.upkeep import states

pytestmark = pytest.mark.django_db
ADMINISTRATOR = Actor(is_system=True, role=Role.ADMINISTRATOR)


def _backup(made_at: datetime, **fields: Any) -> Backup:
    return Backup.objects.create(name=f"b{made_at:%d%H%M}", made_at=made_at, size=1, **fields)


def test_when_all_is_well_the_last_verified_backup_is_named() -> None:
    now = timezone.now()
    _backup(now - timedelta(hours=5), verified_at=now)
    _backup(now - timedelta(hours=1))
    Worker.objects.create(name="w", started_at=now, seen_at=now)

    found = states(ADMINISTRATOR, at=now)

    assert [state.is_trouble for state in found] == [False, False]
    assert found[0].text.startswith("Last verified backup: ")
    assert found[1].text == "Background work is done."


def test_troubles_come_first() -> None:
    now = timezone.now()
    _backup(now - timedelta(hours=37), verified_at=now)
    _backup(now, problem="The backup is damaged.")
    Worker.objects.create(name="w", started_at=now, seen_at=now)
    ScheduledJob.objects.create(name="backup", error="BackupError: There is no space left.", failures=2)

    found = states(ADMINISTRATOR, at=now)

    assert [state.text.split(":")[0] for state in found] == [
        "The last verified backup is old",
        "1 backup would not come back whole.",
        "1 job fails",
        "Background work is done.",
    ]


def test_a_fresh_site_says_what_is_missing() -> None:
    assert [state.text for state in states(ADMINISTRATOR, at=timezone.now())] == [
        "No backup has been verified yet.",
        "Nobody does background work: start manage.py work.",
    ]


def test_nobody_but_administrators_is_told(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert states(Actor(is_system=True, role=Role.ORGANISER), at=timezone.now()) == []


def test_the_start_page_tells_and_its_links_open() -> None:
    client = signed_in(Role.ADMINISTRATOR)

    page = client.get("/admin/")
    links = [state.url for panel in page.context["panels"] for state in panel.context.get("states", ())]

    assert "No backup has been verified yet." in text_of(page)
    assert "Upkeep" not in text_of(signed_in(Role.ORGANISER).get("/admin/"))
    assert [client.get(link).status_code for link in links] == [200, 200]
