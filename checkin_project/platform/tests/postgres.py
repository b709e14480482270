"""A PostgreSQL of a test's own, in a temporary folder, that may be frozen and killed without harm to anybody."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from checkin_project.platform.tests.processes import free_port

# PostgreSQL refuses to run as root.
ACCOUNT = "postgres" if os.geteuid() == 0 else None


class OwnPostgres:
    """A cluster with default durability on a free port of 127.0.0.1."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def create(self) -> None:
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._command("initdb", "-D", str(self.folder / "data"), *options)
        self.start()

    def start(self, seconds: float = 30) -> None:
        """Start, or start again after `kill`; returns when it answers."""
        end = time.monotonic() + seconds
        self._launch()
        while True:
            if self.process is not None and self.process.poll() is not None:
                # The remains of a killed cluster were still going away.
                self._launch()
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return

    def _launch(self) -> None:
        command = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(  # noqa: S603
            [self.programs / "postgres", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=ACCOUNT,
            cwd=self.folder,
        )

    def freeze(self) -> None:
        """Stop every process where it stands; connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut would: no process gets to finish anything."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        """The server first, so that it starts no new process meanwhile; then those it has started."""
        if self.process is None:
            return
        children = self._children()
        for pid in (self.process.pid, *children):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _children(self) -> list[int]:
        assert self.process is not None
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()] if task.exists() else []

    def _command(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603
            [self.programs / program, *arguments], check=True, capture_output=True, user=ACCOUNT, cwd=self.folder
        )


@contextmanager
def own_postgres(programs: Path) -> Iterator[OwnPostgres]:
    """Ends with the processes gone and the folder removed."""
    # Not below pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="checkin-postgres-"))
    if ACCOUNT:
        shutil.chown(folder, ACCOUNT)
    cluster = OwnPostgres(programs, folder)
    try:
        cluster.create()
        yield cluster
    finally:
        cluster.thaw()
        cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)
