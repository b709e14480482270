"""The view `databrowser`: made and refreshed, when and by whom, and what pages show while it is not there."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from attendance import erasing
from attendance.databrowser import materialised, sources
from attendance.databrowser.asked import Asked
from attendance.databrowser.pages import page, steady_page
from attendance.models import BrowserRefresh
from attendance.tests.reporting import came
from attendance.tests.test_views_databrowser import browser_of
from checkin_project.platform.access import SYSTEM, Actor, Role
from checkin_project.platform.tests.factories import make_user
from checkin_project.platform.tests.processes import environment
from events.tests.factories import EVENING, make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def view(settings: Settings) -> None:
    settings.DATABROWSER = "materialized"
    came(make_event(), "First Guest")


def names() -> set[str]:
    return {line.cells[0][1] for line in page(Asked(), SYSTEM, materialised.source()).lines}


@pytest.mark.postgres
def test_before_the_first_refresh_pages_show_live_rows(view: None) -> None:
    assert (materialised.source().as_of, names()) == (None, {"First Guest"})


@pytest.mark.postgres
def test_rows_are_those_of_the_last_refresh_and_the_page_says_how_old_they_are(view: None) -> None:
    at = timezone.now() - timedelta(minutes=12)
    done = materialised.refresh(at=at)
    came(make_event(), "Second Guest")

    shown = browser_of(make_user(Role.ORGANISER)).get("/data/").content.decode()

    assert done
    assert (done.rows, names()) == (1, {"First Guest"})
    assert "rows of 12\xa0minutes ago" in shown
    materialised.refresh(at=timezone.now())
    assert names() == {"First Guest", "Second Guest"}


@pytest.mark.postgres
def test_the_command_refreshes_and_says_so(view: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("refresh_databrowser")

    assert "The view is up to date: 1 rows" in capsys.readouterr().out


@pytest.mark.postgres
def test_a_view_made_by_other_statements_is_made_anew(view: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE MATERIALIZED VIEW databrowser AS SELECT 1 AS old")
    BrowserRefresh.objects.create(pk=1, refreshed_at=EVENING)
    before = materialised.source().as_of

    materialised.refresh(at=EVENING)

    assert (before, names()) == (None, {"First Guest"})


@pytest.mark.postgres
def test_migrating_takes_the_view_down_only_when_there_is_something_to_migrate(view: None) -> None:
    materialised.refresh(at=EVENING)

    materialised.drop_before_migrating(plan=[])
    kept = materialised.source().as_of
    materialised.drop_before_migrating(plan=["something"])

    assert (kept, materialised.source().as_of) == (EVENING, None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_page_whose_view_is_taken_down_meanwhile_shows_live_rows(view: None) -> None:
    materialised.drop()

    found = steady_page(Asked(), SYSTEM, sources.view(EVENING))

    assert (found.as_of, [line.cells[0][1] for line in found.lines]) == (None, ["First Guest"])


@pytest.mark.postgres
def test_it_is_refreshed_when_writing_has_come_to_rest(view: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # The statistics count committed rows, of which a test has none.
    writes = iter([5, 5, 5, 7, 8, 8, 8, 9, 10, 10])
    monkeypatch.setattr(materialised, "written", lambda: next(writes))

    def look(minutes: float) -> float:
        """Minutes of the last refresh, seen from the first one."""
        materialised.refresh_when_settled(EVENING + minutes * MINUTE)
        done = BrowserRefresh.objects.get().refreshed_at
        assert done
        return (done - EVENING) / MINUTE

    assert look(0) == 0  # never before: at once
    assert look(1) == 0  # nothing was written
    assert look(2) == 0  # somebody writes
    assert look(3) == 0  # and goes on
    assert look(4) == 4  # at rest
    assert look(5) == 4  # somebody writes again
    assert look(15) == 15  # and goes on for longer than anybody wants to wait


@pytest.mark.postgres
def test_who_was_erased_is_not_shown_from_the_view(view: None) -> None:
    member = make_member(last_name="Erased")
    came(make_event(), member)
    materialised.refresh(at=EVENING)
    before = names()

    erasing.erase(member, by=Actor(user_id=1, is_superuser=True, role=Role.ADMINISTRATOR), at=EVENING)

    assert (before, names()) == ({"First Guest", "Ben Erased"}, {"First Guest"})


def test_nothing_is_refreshed_where_nobody_reads_the_view() -> None:
    materialised.refresh_when_settled(EVENING)

    assert not BrowserRefresh.objects.exists()


@pytest.mark.skipif(not settings.SQLITE, reason="PostgreSQL can")
def test_sqlite_refuses_in_words() -> None:
    with pytest.raises(CommandError, match="needs PostgreSQL"):
        call_command("refresh_databrowser")


def test_settings_refuse_a_view_on_sqlite_in_one_sentence(tmp_path: Path) -> None:
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="checkin_project.settings", DATABROWSER="materialized")

    done = subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; settings.DATABASES"],
        env=env,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        "DATABROWSER is 'materialized', which only PostgreSQL can do. Use live, or set DATABASE_URL to PostgreSQL."
    )
