"""A PostgreSQL cluster of our own in a temporary folder, with default durability, and the floor measured on it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from processes import Account, BenchmarkError, Command, Processes, cpu_seconds, run

FLOOR_TABLE = """
CREATE TABLE attendance (
    id bigserial PRIMARY KEY,
    event_id bigint NOT NULL,
    member_id bigint NOT NULL,
    checked_in_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT attendance_once UNIQUE (event_id, member_id)
)
"""
FLOOR_SCRIPT = """\\set member random(1, 4000000000000)
INSERT INTO attendance (event_id, member_id) VALUES (1, :member) ON CONFLICT DO NOTHING;
"""


def bin_folder() -> Path:
    """Where `initdb` and `postgres` live; the newest version when there are several."""
    found = []
    if config := shutil.which("pg_config"):
        found.append(
            Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
        )
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found += reversed(versions)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pgbench").exists():
            return folder
    raise BenchmarkError("PostgreSQL's initdb and pgbench were not found. On Debian: apt-get install postgresql.")


def _account() -> Account | None:
    """PostgreSQL refuses to run as root, so root runs it as postgres."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise BenchmarkError("Root cannot run PostgreSQL and there is no account named postgres.") from None
    return Account(entry.pw_uid, entry.pw_gid)


class Cluster:
    """Its own data folder, socket folder and port; everything at PostgreSQL's defaults but `max_connections`."""

    def __init__(self, folder: Path, port: int, processes: Processes) -> None:
        self.bin = bin_folder()
        self.port = port
        self._account = _account()
        self._home = folder / "postgresql"
        self._home.mkdir()
        if self._account:
            os.chown(self._home, self._account.uid, self._account.gid)
        data = self._home / "data"
        initdb: Command = [
            self.bin / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        run(initdb, account=self._account)
        server: Command = [self.bin / "postgres", "-D", data, "-p", str(port), "-k", self._home]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=250"]
        self._process = processes.start("postgresql", [*server, *options], account=self._account, stop=signal.SIGINT)
        self._wait()

    def _wait(self) -> None:
        for _attempt in range(100):
            ready: Command = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(list(ready), check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise BenchmarkError("The PostgreSQL cluster did not start within 10 s.")

    def url(self, database: str, scheme: str = "postgresql") -> str:
        return f"{scheme}://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement; rows come back as text, one per line."""
        base: Command = [self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        return run([*base, "-p", str(self.port), "-U", "postgres", "-d", database, "-c", statement]).strip()

    def create_database(self, name: str) -> str:
        """Make an empty database and give its URL."""
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def settle(self) -> None:
        """Write out what earlier measurements left behind, so that the next one does not pay for it."""
        self.sql("CHECKPOINT")

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process.pid)

    def describe(self) -> str:
        """Version and the durability settings that were in force."""
        names = ("fsync", "synchronous_commit", "full_page_writes")
        settings = ", ".join(f"{name} {self.sql(f'SHOW {name}')}" for name in names)
        return f"PostgreSQL {self.sql('SHOW server_version').split()[0]} ({settings})"

    def floor(self, connections: int, seconds: int) -> tuple[float, float, float, float]:
        """The bare INSERT … ON CONFLICT DO NOTHING by pgbench, prepared: (per second, p50 ms, p99 ms, CPU ms each)."""
        if not self.sql("SELECT 1 FROM pg_database WHERE datname = 'floor'"):
            self.create_database("floor")
            self.sql(FLOOR_TABLE, "floor")
        script = self._home / "floor.sql"
        script.write_text(FLOOR_SCRIPT)
        prefix = self._home / f"floor-{connections}"
        base: Command = [
            self.bin / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
        ]
        options: Command = ["-c", str(connections), "-j", str(min(2, connections)), "-T", str(seconds), "-f", script]
        log = ["-l", f"--log-prefix={prefix}", "--sampling-rate=0.2"]
        self.settle()
        before = self.cpu_seconds()
        printed = run([*base, *options, *log, "floor"], account=self._account)
        cpu = self.cpu_seconds() - before
        rate = next(float(line.split()[2]) for line in printed.splitlines() if line.startswith("tps ="))
        times = sorted(
            int(line.split()[2]) / 1000
            for file in self._home.glob(f"floor-{connections}.*")
            for line in file.read_text().splitlines()
        )
        return rate, times[len(times) // 2], times[int(len(times) * 0.99)], 1000 * cpu / (rate * seconds)
