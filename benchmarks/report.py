"""Turning measurements into Markdown, and putting it between the markers of the README."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from measure import Level, Phase

README = Path(__file__).with_name("README.md")
START, END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True, slots=True)
class Floor:
    """pgbench with the bare INSERT … ON CONFLICT DO NOTHING."""

    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(slots=True)
class Results:
    """Everything one run found. `statements` is what statements.py printed: {kind: {entry, duplicate, sql}}."""

    machine: list[str] = field(default_factory=list)
    server: str = ""
    floor: list[Floor] = field(default_factory=list)
    peer: list[Level] = field(default_factory=list)
    peer_exact: list[Level] = field(default_factory=list)
    ours: list[Level] = field(default_factory=list)
    servers: list[tuple[str, Level]] = field(default_factory=list)
    kinds: list[tuple[str, Level]] = field(default_factory=list)
    sqlite: list[Level] = field(default_factory=list)
    memory_mb: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    profile: str = ""

    @property
    def errors(self) -> int:
        levels = [*self.peer, *self.peer_exact, *self.ours, *self.sqlite]
        levels += [level for _name, level in [*self.servers, *self.kinds]]
        return sum(level.errors for level in levels)


def machine() -> list[str]:
    """The processor, memory and versions, as lines for people."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    total = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    memory = f"{int(total[1]) / 1024**2:.0f} GB" if total else "?"
    return [
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory} of memory",
        f"Python {platform.python_version()}; load generator, database and servers share the cores",
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose other columns are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _by(levels: Sequence[Level | Floor], connections: int) -> Level | Floor | None:
    return next((level for level in levels if level.connections == connections), None)


def _rate(levels: Sequence[Level | Floor], connections: int) -> float | None:
    found = _by(levels, connections)
    return found.entries.answers.per_second if isinstance(found, Level) else found.per_second if found else None


def _ratio(value: float, base: float | None, pattern: str) -> str:
    return format(value / base, pattern) if base else "–"


def _phase_cells(phase: Phase) -> list[str]:
    answers = phase.answers
    return [
        f"{answers.per_second:,.0f}",
        f"{answers.p50_ms:.1f}",
        f"{answers.p99_ms:.1f}",
        str(phase.errors),
        f"{phase.cpu_web_ms:.2f} + {phase.cpu_database_ms:.2f}",
    ]


def entries_table(results: Results) -> str:
    head = ["entries", "connections", "per second", "p50 ms", "p99 ms", "errors", "CPU ms web + database"]
    rows = []
    for floor in results.floor:
        cpu = f"– + {floor.cpu_ms:.2f}"
        times = [f"{floor.p50_ms:.1f}", f"{floor.p99_ms:.1f}"]
        rows.append(["floor", str(floor.connections), f"{floor.per_second:,.0f}", *times, "0", cpu, "100 %", "–"])
    for level in [*results.peer, *results.peer_exact, *results.ours, *results.sqlite]:
        rate = level.entries.answers.per_second
        floor_rate, peer_rate = (_rate(levels, level.connections) for levels in (results.floor, results.peer))
        on_sqlite = level in results.sqlite
        share = "–" if on_sqlite else _ratio(rate, floor_rate, ".1%").replace("%", " %")
        against = "–" if on_sqlite else _ratio(rate, peer_rate, ".2f")
        rows.append([level.name, str(level.connections), *_phase_cells(level.entries), share, against])
    return table([*head, "of the floor", "× peer"], rows)


def duplicates_table(results: Results) -> str:
    head = ["the same people again", "connections", "per second", "p50 ms", "p99 ms", "errors", "CPU ms web + database"]
    rows = [
        [level.name, str(level.connections), *_phase_cells(level.duplicates)]
        for level in [*results.peer, *results.ours, *results.sqlite]
        if level.duplicates
    ]
    return table(head, rows)


def goals(results: Results) -> list[tuple[bool, str]]:
    """What was promised, with the measured value: (reached, sentence)."""
    found: list[tuple[bool, str]] = []
    for connections in (10, 50):
        ours, peer = _rate(results.ours, connections), _rate(results.peer, connections)
        if ours and peer:
            found.append((ours / peer >= 1.5, f"{ours / peer:.2f} × the peer at {connections} connections (goal: 1.5)"))
        exact = _rate(results.peer_exact, connections)
        if ours and exact:
            text = (
                f"{ours / exact:.2f} × the peer that counts for every answer at {connections} connections (goal: 1.5)"
            )
            found.append((ours / exact >= 1.5, text))
    at_100 = _by(results.ours, 100)
    if isinstance(at_100, Level):
        answers = at_100.entries.answers
        ratio = answers.p99_ms / answers.p50_ms
        found.append((ratio <= 2, f"p99 is {ratio:.1f} × p50 at 100 connections (goal: 2)"))
    for kind, counts in results.statements.items():
        entry, again = counts["entry"], counts["duplicate"]
        usual = f"entry {entry[0]} (at most {entry[1]}), duplicate {again[0]} (at most {again[1]})"
        found.append((entry[1] <= 6 and again[1] <= 3, f"statements, {kind} event: {usual} (goal: 6 and 3)"))
    for name, sizes in results.memory_mb.items():
        if sizes and name.startswith("ours"):
            found.append((max(sizes) <= 150, f"{max(sizes):.0f} MB resident in the largest worker, {name} (goal: 150)"))
    slowest = min((level.entries.answers.per_second for level in results.sqlite), default=None)
    if slowest is not None:
        broken = sum(level.errors for level in results.sqlite)
        reached = slowest >= 400 and not broken
        found.append((reached, f"SQLite: {slowest:,.0f} a second at the least, {broken} errors (goal: 400 and 0)"))
    return found


def markdown(results: Results) -> str:
    """The whole report."""
    parts = ["\n".join(f"* {line}" for line in [*results.machine, f"ours: {results.server}"])]
    parts += [entries_table(results), duplicates_table(results)]
    for title, levels in (
        ("served by, 10 connections", results.servers),
        ("kind of event, 10 connections", results.kinds),
    ):
        if levels:
            head = [title, "entries per second", "p50 ms", "p99 ms", "errors", "CPU ms web + database"]
            parts.append(table(head, [[name, *_phase_cells(level.entries)] for name, level in levels]))
    if results.memory_mb:
        sizes = [[name, ", ".join(f"{size:.0f}" for size in found)] for name, found in results.memory_mb.items()]
        parts.append(table(["resident memory after the load", "MB for each process"], sizes))
    reached = [f"* {'reached' if good else '**missed**'}: {sentence}" for good, sentence in goals(results)]
    parts.append("\n".join(reached))
    if results.profile:
        parts.append(f"### Where the time of an entry goes\n\n{results.profile.strip()}")
    return "\n\n".join(part for part in parts if part)


def write(text: str) -> None:
    """Replace what stands between the markers of the README."""
    before, _start, rest = README.read_text().partition(START)
    _old, _end, after = rest.partition(END)
    README.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}")
