"""Real processes to kill and freeze: a Redis and the product's own server, and their clients."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from checkin_project.platform.tests.processes import free_port

PATIENCE = 60.0
# What a client waits for an answer, in seconds; the server has promised one within five.
CLIENT_TIMEOUT = 10.0


def wait_until(question: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
    """Ask until the answer is yes; the seconds it took. Fails with `what` when time is up."""
    started = time.monotonic()
    while not question():
        assert time.monotonic() - started < seconds, f"{what} took longer than {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - started


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Redis:
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Redis:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), "starting Redis")
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)


@dataclass
class Server:
    """`manage.py serve` with an environment of its own; what it writes is kept in `log`."""

    folder: Path
    env: Mapping[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def environment(self) -> dict[str, str]:
        mine = {"VAR_DIR": str(self.folder), "PORT": str(self.port), "HOST": "127.0.0.1", "LOG_LEVEL": "warning"}
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return inherited | mine | {"DATABASE_URL": "", "REDIS_URL": ""} | dict(self.env)

    def manage(self, *arguments: str) -> str:
        """Run one management command to its end; what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> Server:
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "serve"]
            self.process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self._is_up, "starting the server")
        return self

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return answers(self.port)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; a mapping is sent as JSON, a string as it is.

        Raises OSError or HTTPException when no whole answer came.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CLIENT_TIMEOUT)
        started = time.monotonic()
        try:
            sent = {"Content-Type": "application/json"} | dict(headers or {})
            whole = json.dumps(body) if isinstance(body, Mapping) else body
            connection.request(method, path, whole, sent)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                text,
                time.monotonic() - started,
            )
        finally:
            connection.close()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.text)
