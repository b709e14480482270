"""Nothing that was acknowledged is lost when the server or the database is killed under load."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import LiteralString

import psycopg
import pytest

from attendance.tests.load import SEED, Account, Load, broken_promises, read
from attendance.tests.outage import Server
from checkin_project.platform.tests.postgres import OwnPostgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]
# The whole promise: CRASH_ROUNDS=10, which also makes each round longer.
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
REQUESTS = 150 if ROUNDS <= 3 else 500


@pytest.fixture(scope="module")
def on_postgres(postgres: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    server = Server(tmp_path_factory.mktemp("server"), {"DATABASE_URL": postgres.url()})
    try:
        yield seeded(server)
    finally:
        server.kill()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Load]:
    server = Server(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path / 'checkin.sqlite3'}"})
    try:
        yield seeded(server)
    finally:
        server.kill()


def seeded(server: Server) -> Load:
    server.manage("migrate", "--verbosity", "0")
    seed = json.loads(server.manage("shell", "--no-imports", "-c", SEED))
    return Load(server.start(), seed["event"], seed["secret"], numbers=count(1))


def test_no_acknowledged_check_in_is_lost_when_server_and_postgresql_are_killed(
    postgres: OwnPostgres, on_postgres: Load
) -> None:
    load, random = on_postgres, Random()

    def kill_server() -> None:
        load.server.kill()
        load.server.start()

    def kill_postgres() -> None:
        postgres.kill()
        postgres.start()

    def kill_both() -> None:
        postgres.kill()
        load.server.kill()
        postgres.start()
        load.server.start()

    for number in range(ROUNDS):
        trouble = [kill_postgres, kill_server, kill_both][number % 3]
        load.run(REQUESTS, trouble=trouble, after=random.randint(REQUESTS // 5, REQUESTS // 2))

        assert broken_promises(load.account, read(load.server)) == []
    load.settle()
    stored = read(load.server)

    assert load.account.sent >= ROUNDS * REQUESTS
    assert broken_promises(load.account, stored) == []
    assert sorted(stored.attendees) == sorted(set(load.account.acked.values()))


def test_no_acknowledged_check_in_is_lost_when_the_server_on_sqlite_is_killed(on_sqlite: Load) -> None:
    load, random = on_sqlite, Random()

    def kill_server() -> None:
        load.server.kill()
        load.server.start()

    for _round in range(max(1, ROUNDS // 3)):
        load.run(REQUESTS, trouble=kill_server, after=random.randint(REQUESTS // 5, REQUESTS // 2))
    load.settle()
    stored = read(load.server)

    assert broken_promises(load.account, stored) == []
    assert sorted(stored.attendees) == sorted(set(load.account.acked.values()))


def test_the_checker_finds_what_a_database_that_acknowledges_too_early_loses(
    postgres: OwnPostgres, on_postgres: Load
) -> None:
    """The control: commits that are answered before they are written, and a crash before they are."""
    load = Load(on_postgres.server, on_postgres.event, on_postgres.secret, Account(), on_postgres.numbers)
    say(postgres, "ALTER SYSTEM SET synchronous_commit = off")
    say(postgres, "SELECT pg_reload_conf()")
    load.server.kill()
    load.server.start()
    ready = load.server.ask("GET", "/readyz")
    for helper in ("walwriter", "checkpointer", "background writer"):
        os.kill(helper_of(postgres, helper), signal.SIGSTOP)

    load.run(20, trouble=postgres.kill, after=20)
    postgres.start()
    lost = broken_promises(load.account, read(load.server))

    say(postgres, "ALTER SYSTEM RESET synchronous_commit")
    say(postgres, "SELECT pg_reload_conf()")
    assert (ready.status, "synchronous_commit=off" in ready.text) == (503, True)
    assert any("acknowledged and is lost" in sentence for sentence in lost)


def say(postgres: OwnPostgres, statement: LiteralString) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(statement)


def helper_of(postgres: OwnPostgres, title: str) -> int:
    """The process id of one of the cluster's helpers, by what it calls itself."""
    assert postgres.process is not None
    children = Path(f"/proc/{postgres.process.pid}/task/{postgres.process.pid}/children").read_text().split()
    return next(int(pid) for pid in children if title in Path(f"/proc/{pid}/cmdline").read_bytes().decode())
