"""The drill that docs/operations.md describes, with real processes: back up, lose the database, put it back, verify."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from checkin_project.platform.backups import sealing
from checkin_project.platform.tests.processes import environment, manage

# In one process: most of the time goes into starting.
FILL_AND_BACK_UP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("demo", verbosity=0)
call_command("backup")
"""


class Place:
    """A database that may be lost."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.name = f"drill_{uuid4().hex[:12]}"
        self.server = url.rpartition("/")[0]
        self.url = f"{self.server}/{self.name}" if self.server else ""

    def lose(self) -> None:
        if self.url:
            with psycopg.connect(f"{self.server}/postgres", autocommit=True) as database:
                database.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        for file in self.folder.glob("checkin.sqlite3*"):
            file.unlink()

    def create(self) -> None:
        if self.url:
            with psycopg.connect(f"{self.server}/postgres", autocommit=True) as database:
                database.execute(f"CREATE DATABASE {self.name} TEMPLATE template0")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    database = settings.DATABASES["default"]
    url = ""
    if not settings.SQLITE:
        secret = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
        url = f"postgresql://{database['USER']}{secret}@{database['HOST']}:{database['PORT'] or 5432}/x"
    found = Place(tmp_path, url)
    found.create()
    yield found
    found.lose()


@pytest.mark.pg_dump
def test_a_lost_database_comes_back_by_three_commands(place: Place, tmp_path: Path) -> None:
    private = tmp_path / "private"
    env = environment(tmp_path, DATABASE_URL=place.url, BACKUP_PUBLIC_KEYS=sealing.make_keys(private))

    backed_up = manage("shell", "--no-imports", "--command", FILL_AND_BACK_UP, env=env, seconds=120)
    place.lose()
    place.create()
    restored = manage("restore", "latest", "--yes", "--key", str(private), env=env)
    verified = manage("verify_backup", "--key", str(private), env=env)

    for done in (backed_up, restored, verified):
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "Restored: " in restored.stdout
    assert "comes back as it was" in verified.stdout


PUT_BACK = """
import sys
from pathlib import Path
import django
django.setup()
from checkin_project.platform.backups import sqlite
print("begun", flush=True)
sqlite.put_back(Path(sys.argv[1]), after="SELECT 1")
"""


@pytest.mark.skipif(not settings.SQLITE, reason="on PostgreSQL it is one transaction of the server's")
@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new_one(tmp_path: Path, seconds: float) -> None:
    _fill(tmp_path / "new.sqlite3", "new", 150_000)
    _fill(tmp_path / "checkin.sqlite3", "old", 50_000, "PRAGMA journal_mode=WAL")
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="checkin_project.settings")
    command = [sys.executable, "-c", PUT_BACK, str(tmp_path / "new.sqlite3")]

    with subprocess.Popen(command, env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()

    with closing(sqlite3.connect(tmp_path / "checkin.sqlite3")) as database:
        whole = database.execute("PRAGMA integrity_check").fetchone()
        found = database.execute("SELECT count(*), min(word), max(word) FROM words").fetchone()
    assert whole == ("ok",)
    assert found in ((50_000, "old" * 60, "old" * 60), (150_000, "new" * 60, "new" * 60))


def _fill(file: Path, word: str, rows: int, *before: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        for statement in (*before, "CREATE TABLE words (word text)"):
            database.execute(statement)
        database.executemany("INSERT INTO words VALUES (?)", ((word * 60,) for _row in range(rows)))
        database.commit()
