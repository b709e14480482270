"""Starting the programs of a measurement, reading what they use from /proc, and ending every one of them by its id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

Command = Sequence[str | Path]
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """One sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a program runs as."""

    uid: int
    gid: int


class Processes:
    """A context in which programs are started; leaving it ends them, the last one first."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []
        self._files = ExitStack()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            self.end(self._running[-1][0])
        self._files.close()

    def start(
        self,
        name: str,
        command: Command,
        *,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        stop: signal.Signals = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a session of its own (so Ctrl-C reaches only us); its output goes to `name`.log."""
        log = self._files.enter_context((self._logs / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        self._running.append((process, stop))
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask the program to stop, wait up to 15 s, then end it and its children."""
        entry = next(entry for entry in self._running if entry[0] is process)
        family = tree(process.pid)
        if process.poll() is None:
            process.send_signal(entry[1])
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                for pid in family:
                    if pid != process.pid and Path(f"/proc/{pid}").exists():
                        os.kill(pid, signal.SIGKILL)
        self._running.remove(entry)


def run(command: Command, *, env: Mapping[str, str] | None = None, account: Account | None = None) -> str:
    """Run to the end and give back what it printed; BenchmarkError with the last lines when it failed."""
    finished = subprocess.run(
        [str(part) for part in command],
        env=dict(env) if env is not None else None,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if finished.returncode:
        tail = "\n".join((finished.stdout + finished.stderr).strip().splitlines()[-12:])
        raise BenchmarkError(f"{' '.join(map(str, command[:4]))} … failed:\n{tail}")
    return finished.stdout


def free_port(first: int) -> int:
    """The first port of twenty from `first` on which nobody listens at 127.0.0.1."""
    for port in range(first, first + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BenchmarkError(f"No free port from {first} to {first + 19}.")


def wait_for_http(url: str, process: subprocess.Popen[bytes], *, seconds: float = 40) -> None:
    """Return when the server answers anything at all; BenchmarkError when it ends first or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchmarkError(f"The server for {url} ended while starting. Its log is in the kept folder.")
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 (our own address)
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
            continue
        return
    raise BenchmarkError(f"Nothing answered at {url} within {seconds:.0f} s.")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the program's name, or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """`root` and everything below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else None
        if fields is not None:
            parents[int(entry.name)] = int(fields[1])
    family = [root]
    for pid in family:
        family.extend(child for child, parent in parents.items() if parent == pid)
    return family


def cpu_seconds(root: int) -> float:
    """User and system time of `root` and all below it, children that have ended included."""
    ticks = 0
    for pid in tree(root):
        fields = _stat(pid)
        if fields is not None:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS_PER_SECOND


def resident_megabytes(root: int) -> list[float]:
    """Resident memory of each process below `root` (of `root` itself when it has no children), largest first."""
    family = tree(root)
    sizes = []
    for pid in family[1:] or family:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
    return sorted(sizes, reverse=True)
