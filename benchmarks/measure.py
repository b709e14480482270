"""One contender at one number of connections: distinct people first, then all of them again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from contenders import Contender
from load import Answers, Range, drive, split
from processes import BenchmarkError, cpu_seconds


@dataclass(frozen=True, slots=True)
class Phase:
    """`cpu_web_ms` and `cpu_database_ms` are milliseconds of CPU for each answered request."""

    answers: Answers
    errors: int
    cpu_web_ms: float
    cpu_database_ms: float


@dataclass(frozen=True, slots=True)
class Level:
    """`stored` is what the database held after the entries: as many as were acknowledged, and at most one more for
    every connection that was cut off when the time was over. `duplicates` is None when only entries were asked for."""

    name: str
    connections: int
    entries: Phase
    duplicates: Phase | None
    stored: int

    @property
    def errors(self) -> int:
        return self.entries.errors + (self.duplicates.errors if self.duplicates else 0)


def warm_up(contender: Contender, event: str) -> None:
    """Connect, prepare and load what the first requests of a process cost."""
    drive(contender.target(event), split(1200, 1), connections=10, seconds=5)


def run_level(
    contender: Contender, event: str, *, connections: int, seconds: int, people: int, again: bool = True
) -> Level:
    """Entries for `seconds`, then (with `again`) the same people once more; the database is asked after each."""
    ranges = split(people, min(2, connections))
    entries = _phase(contender, event, ranges, (connections, seconds, contender.entered))
    stored = _settled(contender, event)
    acknowledged = entries.answers.statuses.get(contender.entered, 0)
    if not acknowledged <= stored <= acknowledged + connections:
        raise BenchmarkError(
            f"{contender.name} acknowledged {acknowledged} check-ins at {connections} connections, but stored {stored}."
        )
    duplicates = None
    if again:
        same = [(first, reached) for (first, _last), reached in zip(ranges, entries.answers.reached, strict=True)]
        duplicates = _phase(contender, event, same, (connections, seconds * 3, contender.repeated))
        if _settled(contender, event) != stored:
            raise BenchmarkError(f"{contender.name} stored people a second time at {connections} connections.")
    return Level(contender.name, connections, entries, duplicates, stored)


def _phase(contender: Contender, event: str, ranges: Sequence[Range], plan: tuple[int, int, int]) -> Phase:
    """`plan` is how many connections, for how many seconds at most, and which status is the right one."""
    connections, seconds, expected = plan
    web, database = cpu_seconds(contender.pid), contender.database_cpu()
    answers = drive(contender.target(event), ranges, connections=connections, seconds=seconds)
    each = 1000 / max(answers.total, 1)
    return Phase(
        answers=answers,
        errors=answers.errors(expected),
        cpu_web_ms=(cpu_seconds(contender.pid) - web) * each,
        cpu_database_ms=(contender.database_cpu() - database) * each,
    )


def _settled(contender: Contender, event: str) -> int:
    """The number of rows once requests that were under way when the time was over have ended."""
    before = -1
    for _attempt in range(40):
        rows = contender.rows(event)
        if rows == before:
            return rows
        before = rows
        time.sleep(0.3)
    raise BenchmarkError(f"The rows of {contender.name} did not stop growing.")
