"""kill -9 in the middle of an import: all of it is there, or nothing, and it can be asked for again."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from checkin_project.platform.access import Role, actor_for
from checkin_project.platform.imports import Options, runs
from checkin_project.platform.imports.records import SILENT_AFTER, ImportRun, ImportWrite, RunState
from checkin_project.platform.imports.runs import Choices, zone_named
from checkin_project.platform.tests.factories import make_user
from checkin_project.platform.tests.processes import environment
from members.models import Member, MemberWord

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
ROWS = 500


def database_url() -> str:
    """That of the tests' own database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    given = connection.settings_dict
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{name}"


def confirm_and_be_killed(run: ImportRun, folder: Path, moment: str) -> None:
    claim = uuid4()
    values = {"state": RunState.APPLYING, "claim": claim, "applied_by": run.created_by_id, "touched_at": timezone.now()}
    ImportRun.objects.filter(pk=run.pk).update(**values)
    uploads = str(settings.STORAGES["default"]["OPTIONS"]["location"])
    command = [sys.executable, "-m", "checkin_project.tests.killed_import", str(run.pk), str(claim), uploads, moment]
    env = environment(folder, DATABASE_URL=database_url())
    with subprocess.Popen(  # noqa: S603
        command, env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        os.kill(process.pid, 9)


@pytest.mark.parametrize(("moment", "state", "written"), [("before", "applying", 0), ("after", "applied", ROWS)])
def test_a_killed_import_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, moment: str, state: str, written: int
) -> None:
    organiser = actor_for(make_user(Role.ORGANISER))
    lines = ["id,first_name,last_name", *(f"{number},First{number},Last" for number in range(ROWS))]
    run = runs.receive(
        ContentFile("\n".join(lines).encode(), "list.csv"),
        name="list.csv",
        header=["id", "first_name", "last_name"],
        choices=Choices("members", Options(zone_named("UTC"))),
        by=organiser,
        at=timezone.now(),
    )

    confirm_and_be_killed(run, tmp_path, moment)

    counts = (Member.objects.count(), Member.history.count(), ImportWrite.objects.count())
    assert counts == (written, written, written)
    assert (MemberWord.objects.exists(), ImportRun.objects.get().state) == (written > 0, state)
    later = timezone.now() + SILENT_AFTER + timedelta(seconds=1)
    assert runs.set_free(run, by=organiser, at=later) == (moment == "before")
    assert runs.confirm(run, run.fingerprint, by=organiser, at=later) == ""
    assert (Member.objects.count(), ImportRun.objects.get().state) == (ROWS, RunState.APPLIED)
