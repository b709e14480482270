"""Starting the real server as its own process, for tests."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

MANAGE = str(settings.BASE_DIR / "manage.py")
# Only what a fresh shell has: a developer's DATABASE_URL must not reach these processes.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **values: str) -> dict[str, str]:
    """A whole environment for one process, with its data in `folder`."""
    base = {name: os.environ[name] for name in KEPT if name in os.environ}
    return base | {"VAR_DIR": str(folder), "LOG_LEVEL": "warning", "PYTHONUNBUFFERED": "1"} | values


def manage(*arguments: str, env: dict[str, str], seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """`manage.py` to its end, with what it wrote."""
    command = [sys.executable, MANAGE, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603


@contextmanager
def serving(*arguments: str, env: dict[str, str], seconds: float = 60) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`manage.py serve` until the block ends, with what it printed before it answered."""
    command = [sys.executable, MANAGE, "serve", *arguments]
    process = subprocess.Popen(  # noqa: S603
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_for_port(int(env["PORT"]), process, seconds)
        yield process, _read_so_far(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_for_port(port: int, process: subprocess.Popen[str], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"The server ended: {process.stdout.read() if process.stdout else ''}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("The server does not answer.")


def _read_so_far(process: subprocess.Popen[str]) -> str:
    """What is in the pipe right now, without waiting for more."""
    text = ""
    if process.stdout is None:
        return text
    while select.select([process.stdout], [], [], 0.2)[0]:
        chunk = os.read(process.stdout.fileno(), 65_536).decode()
        if not chunk:
            break
        text += chunk
    return text
