"""Driving wrk: a native load generator that gives every request a person of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from processes import BenchmarkError

SCRIPT = Path(__file__).with_name("checkins.lua")
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send and what. `body` takes a number (%d) and an operation id (%s); an empty `token` sends none."""

    address: str
    path: str
    body: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back. `reached` is the last number each thread sent; `broken` counts socket errors and timeouts."""

    statuses: dict[int, int]
    reached: list[int]
    seconds: float
    p50_ms: float
    p99_ms: float
    broken: int

    @property
    def total(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_second(self) -> float:
        return self.total / self.seconds if self.seconds else 0.0

    def errors(self, expected: int) -> int:
        """Answers with any other status than `expected`, and requests without an answer."""
        return self.total - self.statuses.get(expected, 0) + self.broken


def split(people: int, threads: int) -> list[Range]:
    """The numbers 1 to `people`, one range for each thread."""
    edges = [people * part // threads for part in range(threads + 1)]
    return [(low + 1, high) for low, high in pairwise(edges)]


def find_wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise BenchmarkError(
            "The load generator wrk is missing. On Debian: apt-get install wrk; on macOS: brew install wrk."
        )
    return found


def drive(target: Target, ranges: Sequence[Range], *, connections: int, seconds: int) -> Answers:
    """Send until the ranges (one for each thread) are used up or the time is over."""
    command = [find_wrk(), "-t", str(len(ranges)), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "20s"]
    arguments = [target.path, target.token or "-", target.body, *(f"{first}:{last}" for first, last in ranges)]
    process = subprocess.Popen(
        [*command, "-s", str(SCRIPT), target.address, "--", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed = _read(process, len(ranges))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    result = next((line for line in printed if line.startswith("RESULT ")), None)
    if result is None:
        raise BenchmarkError("wrk gave no result:\n" + "".join(printed[-8:]))
    values = json.loads(result.removeprefix("RESULT "))
    values["statuses"] = {int(status): times for status, times in values["statuses"].items()}
    return Answers(**values)


def _read(process: subprocess.Popen[str], threads: int) -> list[str]:
    """All lines; when every thread has used up its range, wrk is told to stop, or it would sleep to the end."""
    lines: list[str] = []
    exhausted = 0
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        exhausted += line.strip() == "exhausted"
        if line.strip() == "exhausted" and exhausted == threads:
            process.send_signal(signal.SIGINT)
    return lines
