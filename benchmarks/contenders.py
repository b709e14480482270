"""The programs that are measured: ours on PostgreSQL, ours in one process on SQLite, and the peer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster import Cluster
from load import Target
from processes import Command, Processes, free_port, run, wait_for_http

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / "benchmarks" / "peer"
PEER_ENVIRONMENT = ROOT / ".venv-peer"
WEB_PORT = 8301
REDIS_PORT = 8316


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server. `target` gives the requests for one event, `rows` counts the people stored for it.

    `entered` and `repeated` are the statuses of a first and of a second check-in.
    """

    name: str
    server: str
    pid: int
    entered: int
    repeated: int
    target: Callable[[str], Target]
    rows: Callable[[str], int]
    database_cpu: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A filled database: event codes by kind, a key's secret, and the address of Redis ("" for none)."""

    codes: dict[str, list[str]]
    secret: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Workers:
    """How gunicorn serves ours."""

    kind: str = "sync"
    count: int = 4
    threads: int = 1

    def __str__(self) -> str:
        threads = f" × {self.threads} threads" if self.kind == "gthread" else ""
        return f"gunicorn {self.kind} × {self.count}{threads}"


def project_environment(folder: Path, database_url: str, redis_url: str, port: int, threads: int) -> dict[str, str]:
    """The variables ours runs with: none of the developer's own, everything else at its default."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {"VAR_DIR": str(folder), "HOST": "127.0.0.1", "PORT": str(port), "THREADS": str(threads), "DEBUG": "false"}
    return kept | own | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}


def start_redis(folder: Path, processes: Processes) -> str:
    """A Redis of our own for announcements, as several processes need it; "" when none is installed."""
    if shutil.which("redis-server") is None:
        return ""
    port = free_port(REDIS_PORT)
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    processes.start("redis", command)
    return f"redis://127.0.0.1:{port}/0"


def migrate_and_fill(env: dict[str, str], members: int, events: int) -> dict[str, list[str]]:
    """Make the tables and the records of seed.py; gives the event codes by kind."""
    run([sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], env=env)
    seed = [sys.executable, str(ROOT / "benchmarks" / "seed.py"), "--members", str(members), "--events", str(events)]
    codes: dict[str, list[str]] = json.loads(run(seed, env=env).splitlines()[-1])
    return codes


def prepare(env: dict[str, str], members: int, events: int) -> Prepared:
    """A filled database, and a key to check people in with."""
    codes = migrate_and_fill(env, members, events)
    key = [sys.executable, str(ROOT / "manage.py"), "create_api_key", "benchmark", "--scopes", "check_in"]
    return Prepared(codes, run(key, env=env).splitlines()[-1].strip(), env["REDIS_URL"])


def _ours(address: str, secret: str) -> Callable[[str], Target]:
    def target(code: str) -> Target:
        body = f'{{"event":"{code}","code":"V1%07d","operation_id":"%s"}}'
        return Target(address, "/api/check-ins", body, token=secret)

    return target


COUNT = "SELECT count(*) FROM attendance a JOIN events e ON e.id = a.event_id WHERE a.attended AND e.code = '{}'"


def ours_on_postgresql(
    folder: Path, cluster: Cluster, processes: Processes, workers: Workers, prepared: Prepared
) -> tuple[Contender, subprocess.Popen[bytes]]:
    """gunicorn on the database `ours`."""
    port = free_port(WEB_PORT)
    env = project_environment(folder, cluster.url("ours"), prepared.redis_url, port, workers.threads)
    command = [sys.executable, "-m", "gunicorn", "checkin_project.wsgi", "--bind", f"127.0.0.1:{port}"]
    options = ["--worker-class", workers.kind, "--workers", str(workers.count), "--threads", str(workers.threads)]
    process = processes.start("ours", [*command, *options, "--chdir", str(ROOT), "--backlog", "2048"], env=env)
    address = f"http://127.0.0.1:{port}"
    wait_for_http(f"{address}/api/check-ins", process)
    contender = Contender(
        name="ours",
        server=str(workers),
        pid=process.pid,
        entered=201,
        repeated=200,
        target=_ours(address, prepared.secret),
        rows=lambda code: int(cluster.sql(COUNT.format(code), "ours")),
        database_cpu=cluster.cpu_seconds,
    )
    return contender, process


def ours_on_sqlite(
    folder: Path, processes: Processes, members: int, events: int
) -> tuple[Contender, subprocess.Popen[bytes], list[str]]:
    """One process, `manage.py serve`, on a SQLite file: what a newcomer gets."""
    port = free_port(WEB_PORT)
    home = folder / "sqlite"
    home.mkdir()
    file = home / "checkin.sqlite3"
    env = project_environment(home, f"sqlite:///{file}", "", port, threads=8)
    prepared = prepare(env, members, events)
    process = processes.start("serve", [sys.executable, str(ROOT / "manage.py"), "serve"], env=env)
    address = f"http://127.0.0.1:{port}"
    wait_for_http(f"{address}/api/check-ins", process)

    def rows(code: str) -> int:
        connection = sqlite3.connect(file, timeout=20)
        try:
            return int(connection.execute(COUNT.format(code)).fetchone()[0])
        finally:
            connection.close()

    contender = Contender(
        name="ours on SQLite",
        server="manage.py serve, one process",
        pid=process.pid,
        entered=201,
        repeated=200,
        target=_ours(address, prepared.secret),
        rows=rows,
        database_cpu=lambda: 0.0,
    )
    return contender, process, prepared.codes["plain"]


def install_peer() -> None:
    """The peer's own virtual environment, made once for each state of its requirements."""
    requirements = PEER / "requirements.txt"
    stamp = PEER_ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing the peer (once) …", flush=True)
    run([sys.executable, "-m", "venv", "--clear", str(PEER_ENVIRONMENT)])
    pip = [str(PEER_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    run([*pip, "-r", str(requirements)])
    stamp.write_text(wanted)


PEER_TABLES = """
CREATE TABLE runs (id serial PRIMARY KEY, session_id varchar(255) NOT NULL UNIQUE);
CREATE TABLE attendances (
    id serial PRIMARY KEY,
    run_id integer NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    runner_name varchar(255) NOT NULL,
    registered_at timestamptz NOT NULL,
    UNIQUE (run_id, runner_name)
);
INSERT INTO runs (session_id) SELECT 'run-' || n FROM generate_series(1, {}) AS n
"""


def prepare_peer(cluster: Cluster, events: int) -> list[str]:
    """Install it and make its tables; gives the sessions people register for."""
    install_peer()
    cluster.create_database("peer")
    cluster.sql(PEER_TABLES.format(events), "peer")
    return [f"run-{number}" for number in range(1, events + 1)]


def peer(cluster: Cluster, processes: Processes, count: str) -> tuple[Contender, subprocess.Popen[bytes]]:
    """FastAPI on two uvicorn workers; `count` is how fresh its number has to be, "recent" or "exact"."""
    port = free_port(WEB_PORT)
    url = cluster.url("peer", "postgresql+asyncpg")
    env = {"PATH": os.environ["PATH"], "PEER_DATABASE_URL": url, "PEER_COUNT": count}
    python = PEER_ENVIRONMENT / "bin" / "python"
    command: Command = [
        python,
        "-m",
        "uvicorn",
        "app:app",
        "--app-dir",
        PEER,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = processes.start("peer", [*command, "--workers", "2", "--no-access-log"], env=env)
    address = f"http://127.0.0.1:{port}"
    wait_for_http(f"{address}/openapi.json", process)
    time.sleep(1)  # the second worker
    rows = "SELECT count(*) FROM attendances a JOIN runs r ON r.id = a.run_id WHERE r.session_id = '{}'"

    def target(session: str) -> Target:
        return Target(address, "/api/register", f'{{"session_id":"{session}","runner_name":"Runner %d"}}')

    contender = Contender(
        name=f"peer, {count} count",
        server="uvicorn × 2 workers",
        pid=process.pid,
        entered=201,
        repeated=409,
        target=target,
        rows=lambda session: int(cluster.sql(rows.format(session), "peer")),
        database_cpu=cluster.cpu_seconds,
    )
    return contender, process
