"""The drill that docs/operations.md describes, with real processes: back up, lose the database, put it back, verify."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from checkin_project.platform.backups import postgres, sealing
from checkin_project.platform.tests.processes import environment, manage


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


@pytest.mark.skipif(not (settings.SQLITE or postgres.is_installed()), reason="needs pg_dump")
def test_a_lost_database_comes_back_by_three_commands(place: Place, tmp_path: Path) -> None:
    private = tmp_path / "private"
    env = environment(tmp_path, DATABASE_URL=place.url, BACKUP_PUBLIC_KEYS=sealing.make_keys(private))
    for command in ("migrate", "demo"):
        assert manage(command, "--verbosity", "0", env=env).returncode == 0

    backed_up = manage("backup", env=env)
    place.lose()
    place.create()
    restored = manage("restore", "latest", "--yes", "--key", str(private), env=env)
    verified = manage("verify_backup", "--key", str(private), env=env)

    for done in (backed_up, restored, verified):
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "Restored: " in restored.stdout
    assert "comes back as it was" in verified.stdout
