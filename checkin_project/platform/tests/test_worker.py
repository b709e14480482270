"""The worker as people start it: real processes that are ended, killed, and lose their database."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any

import psycopg
import pytest
from django.db import connection

from checkin_project.platform.models import ScheduledJob, Worker
from checkin_project.platform.tests.postgres import own_postgres
from checkin_project.platform.tests.processes import MANAGE, environment, free_port, manage, serving
from checkin_project.platform.worker import BackgroundWork

CHORE = "checkin_project.platform.tests.chores.write_file"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    done = manage("migrate", "--verbosity", "0", env=environment(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Path:
    copyfile(migrated / "checkin.sqlite3", tmp_path / "checkin.sqlite3")
    return tmp_path


def _enqueue(env: dict[str, str], path: Path, wait: float = 0) -> None:
    script = (
        "from checkin_project.platform.tests.chores import write_file;"
        f"write_file.enqueue(path={str(path)!r}, wait={wait})"
    )
    done = manage("shell", "--no-imports", "-c", script, env=env)
    assert done.returncode == 0, done.stderr


def _soon(what: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.05)
    return found


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "checkin.sqlite3") as database:
        return database.execute(statement).fetchall()


def _work(env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, MANAGE, "work"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_the_server_does_tasks_and_jobs_and_signs_off(folder: Path, tmp_path: Path) -> None:
    env = environment(folder, PORT=str(free_port()))
    _enqueue(env, tmp_path / "note")

    with serving(env=env) as (process, _said):
        _soon(lambda: _text(tmp_path / "note") == "done")
        jobs = _soon(
            lambda: _rows(folder, "SELECT name FROM jobs WHERE finished_at IS NOT NULL AND name='prune_tasks'")
        )
        workers = {name.split("-")[0] for (name,) in _rows(folder, "SELECT name FROM workers")}

        process.send_signal(signal.SIGTERM)
        process.wait(20)

    assert process.returncode == 0
    assert jobs == [("prune_tasks",)]
    assert workers == {"tasks", "jobs", "watch"}
    assert _rows(folder, "SELECT name FROM workers") == []


def test_a_server_without_a_worker_leaves_tasks_waiting(folder: Path, tmp_path: Path) -> None:
    env = environment(folder, PORT=str(free_port()), WORKER="false")
    _enqueue(env, tmp_path / "note")

    with serving(env=env):
        time.sleep(1.5)

    assert not (tmp_path / "note").exists()


def test_a_worker_ends_in_order_and_one_that_is_killed_leaves_its_task_to_be_found(folder: Path) -> None:
    env = environment(folder)
    _enqueue(env, folder / "first", wait=1.5)
    _enqueue(env, folder / "second", wait=60)

    gentle = _work(env)
    _soon(lambda: _text(folder / "first") == "begun")
    gentle.send_signal(signal.SIGTERM)
    said = gentle.communicate(timeout=20)[0]
    finished = _text(folder / "first")
    killed = _work(env)
    _soon(lambda: _text(folder / "second") == "begun")
    killed.kill()
    killed.communicate(timeout=20)

    running = _rows(folder, "SELECT worker_ids FROM django_tasks_database_dbtaskresult WHERE status='RUNNING'")
    workers = [name for (name,) in _rows(folder, "SELECT name FROM workers")]
    assert (gentle.returncode, said, finished) == (0, "Background work has begun.\n", "done")
    assert len(running) == 1
    # The row of the dead worker stays and grows old: that is how the task is found.
    assert json.loads(running[0][0])[-1] in workers


def test_without_migrations_a_worker_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = manage("work", env=environment(tmp_path))

    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.crash
def test_a_worker_outlives_its_database_and_says_so_once(postgres_bin: Path, tmp_path: Path) -> None:
    with own_postgres(postgres_bin) as cluster:
        env = environment(tmp_path, DATABASE_URL=cluster.url())
        assert manage("migrate", "--verbosity", "0", env=env).returncode == 0
        process = _work(env)
        _soon(lambda: _count(cluster.url(), "workers") == 3)

        cluster.kill()
        time.sleep(4)
        cluster.start()
        _enqueue(env, tmp_path / "note")
        _soon(lambda: _text(tmp_path / "note") == "done", seconds=30)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[0]

    assert process.returncode == 0
    # A job that was under way says so for itself.
    assert "background work failed" not in said, said
    assert 1 <= said.count("background work waits") <= 3, said


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as database:
        row = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_stopped_at_once_leaves_nothing_behind() -> None:
    work = BackgroundWork()
    work.start()
    _soon(Worker.objects.exists)

    stopped = work.stop(20)

    connection.close()
    assert stopped
    assert not Worker.objects.exists()
    assert not ScheduledJob.objects.exclude(worker="").exists()
