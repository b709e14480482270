"""Measure imports of 100,000 rows on PostgreSQL against COPY + INSERT … ON CONFLICT; and a preview with bad rows.

Each import runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import report
from cluster import Cluster
from contenders import ROOT, project_environment
from processes import BenchmarkError, Processes, free_port, run

START, END = "<!-- import results -->", "<!-- end of import results -->"
ROWS = 100_000
CHECKED, BAD = 10_000, 200
ATTENDANCE, EVENTS, MEMBERS = 11_306, 150, 2_000
GOAL_APPLY, GOAL_BOTH, GOAL_MB, GOAL_CHECKED, GOAL_ATTENDANCE = 5, 10, 250, 10, 5
NAMES = Path(__file__).with_name("names.txt")
HEADER = "id,first_name,last_name,classification,major,v_number,student_email,personal_email,phone,created_at"
MAJORS = ("Art", "Biology", "Computer Science", "Economics", "History", "Law", "Mathematics", "Physics")
CLASSES = ("Freshman", "sophmore", "Jr", "senior", "Graduate", "alumni")

# The same columns, indexes and checks as ours; what the file says is put there as it stands.
FLOOR_TABLE = "CREATE TABLE floor_members (LIKE members INCLUDING ALL)"
FLOOR_STAGE = f"CREATE TEMPORARY TABLE stage ({', '.join(f'{name} text' for name in HEADER.split(','))}) ON COMMIT DROP"
FLOOR_INSERT = """
INSERT INTO floor_members (legacy_id, first_name, last_name, classification, major, v_number, student_email,
    personal_email, phone, status, kiosk_hidden, is_minor, extra, created_at, updated_at)
SELECT id, first_name, last_name, lower(classification), major, v_number, student_email,
    personal_email, phone, 'active', false, false, '{}', created_at::timestamptz, now() FROM stage
ON CONFLICT (legacy_id) DO UPDATE SET (first_name, last_name, classification, major, v_number, student_email,
    personal_email, phone, updated_at)
  = (excluded.first_name, excluded.last_name, excluded.classification, excluded.major, excluded.v_number,
    excluded.student_email, excluded.personal_email, excluded.phone, excluded.updated_at)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One import: seconds of the preview and of writing, on the clock and of CPU; the process's peak; rows by state."""

    plan: float
    apply: float
    plan_cpu: float
    apply_cpu: float
    memory_mb: float
    counts: dict[str, int]


def people(amount: int, *, changed: bool, bad: int = 0) -> Iterator[list[str]]:
    """Made-up members, each with every column. `changed`: later, most of them with another major and phone."""
    first_names, last_names = (part.split() for part in NAMES.read_text().split("\n\n"))
    names = itertools.islice(itertools.cycle(itertools.product(first_names, last_names)), amount)
    step = amount // bad if bad else 0
    for number, (first, last) in enumerate(names, start=1):
        wrong = bool(step) and number % step == 0
        yield [
            str(number),
            first,
            last,
            CLASSES[(number + changed) % len(CLASSES)],
            MAJORS[(number // 7 + changed) % len(MAJORS)],
            f"V12{number:03d}" if wrong and number % 2 else f"V1{number:07d}",
            f"nobody{number}" if wrong and not number % 2 else f"person{number}@students.example.edu",
            f"person.{number}@example.org",
            f"+1 555 {number + changed:07d}",
            f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}T09:{number % 60:02d}:00Z",
        ]


def write_table(path: Path, header: str, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def write_people(path: Path, amount: int, *, changed: bool, bad: int = 0) -> Path:
    return write_table(path, HEADER, people(amount, changed=changed, bad=bad))


def events() -> Iterator[tuple[object, ...]]:
    for number in range(1, EVENTS + 1):
        yield number, f"Meeting {number}", f"20{20 + number // 28}-{number % 12 + 1:02d}-{number % 28 + 1:02d}", "Hall"


def arrivals(amount: int) -> Iterator[tuple[object, ...]]:
    """Who came to which event; every fiftieth line says again what an earlier one said, a minute later."""
    for number in range(amount):
        place, minute = (number - 1, 1) if number % 50 == 49 else (number, 0)
        event, member = place % EVENTS + 1, (place // EVENTS * 13 + place) % MEMBERS + 1
        yield number + 1, event, member, f"2021-03-04T18:{place % 59 + minute:02d}:{place % 60:02d}Z"


def floor(url: str, path: Path) -> float:
    """Seconds of COPY into a temporary table + INSERT … ON CONFLICT DO UPDATE of this file."""
    import psycopg

    started = time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(FLOOR_STAGE)
        with cursor.copy("COPY stage FROM STDIN (FORMAT csv, HEADER)") as copy, path.open("rb") as file:
            while chunk := file.read(1 << 16):
                copy.write(chunk)
        cursor.execute(FLOOR_INSERT)
    return time.perf_counter() - started


def import_here(path: Path, *, dry: bool) -> dict[str, Any]:
    """Import `path` into the configured database; its name begins with the kind of what it holds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    import django

    django.setup()
    from django.utils import timezone

    from checkin_project.platform.access import SYSTEM
    from checkin_project.platform.imports.kinds import Options, kind
    from checkin_project.platform.sheets import open_sheet

    run = kind(path.stem.partition("-")[0]).make(Options(ZoneInfo("UTC")))
    started, cpu = time.perf_counter(), time.process_time()
    with open_sheet(path) as sheet:
        plan = run.plan(sheet)
    planned, planned_cpu = time.perf_counter(), time.process_time()
    if not dry:
        written = run.apply(plan, by=SYSTEM, at=timezone.now())
        if written.outdated:
            raise SystemExit(str(written.outdated[0]))
    applied = time.perf_counter()
    return {
        "plan": planned - started,
        "apply": applied - planned,
        "plan_cpu": planned_cpu - cpu,
        "apply_cpu": time.process_time() - planned_cpu,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "counts": {str(state.value): count for state, count in plan.counts.items() if count},
    }


def imported(env: dict[str, str], path: Path, *, dry: bool = False) -> Run:
    command = [sys.executable, str(ROOT / "benchmarks" / "imports.py"), "--here", str(path)]
    return Run(**json.loads(run([*command, *(["--dry-run"] if dry else [])], env=env).splitlines()[-1]))


@dataclass(frozen=True, slots=True)
class Compared:
    """One file through the floor and through ours, with the CPU seconds that PostgreSQL used for each."""

    name: str
    floor: float
    floor_cpu: float
    ours: Run
    database_cpu: float

    @property
    def apply_ratio(self) -> float:
        return self.ours.apply / self.floor

    @property
    def both_ratio(self) -> float:
        return (self.ours.plan + self.ours.apply) / self.floor


def compared(cluster: Cluster, env: dict[str, str], name: str, path: Path) -> Compared:
    cluster.settle()
    before = cluster.cpu_seconds()
    seconds = floor(cluster.url("ours"), path)
    between = cluster.cpu_seconds()
    cluster.settle()
    started = cluster.cpu_seconds()
    ours = imported(env, path)
    return Compared(name, seconds, between - before, ours, cluster.cpu_seconds() - started)


def _line(found: Compared) -> list[str]:
    return [
        found.name,
        f"{found.floor:.1f}",
        f"{found.ours.plan:.1f}",
        f"{found.ours.apply:.1f}",
        f"{found.apply_ratio:.1f}",
        f"{found.both_ratio:.1f}",
        f"{found.floor_cpu:.1f}",
        f"{found.ours.plan_cpu:.1f} + {found.ours.apply_cpu:.1f} + {found.database_cpu:.1f}",
        f"{found.ours.memory_mb:.0f}",
    ]


@dataclass(frozen=True, slots=True)
class Found:
    members: list[Compared]
    checked: Run
    attendance: list[Run]
    server: str


def measure(folder: Path, processes: Processes, rows: int) -> Found:
    cluster = Cluster(folder, free_port(54301), processes)
    env = project_environment(folder, cluster.create_database("ours"), "", 8300, threads=1)
    run([sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], env=env)
    cluster.sql(FLOOR_TABLE, "ours")
    new = write_people(folder / "members-new.csv", rows, changed=False)
    later = write_people(folder / "members-later.csv", rows, changed=True)
    found = [compared(cluster, env, "new members", new)]
    cluster.sql("ANALYZE", "ours")  # as autovacuum would have done by the time the file comes again
    found.append(compared(cluster, env, "the same, changed", later))
    checked = imported(env, write_people(folder / "members-bad.csv", CHECKED, changed=False, bad=BAD), dry=True)
    return Found(found, checked, attendance(folder, cluster), cluster.describe())


def attendance(folder: Path, cluster: Cluster) -> list[Run]:
    """The lists of some years, in a database that holds their people and events, and the same once more."""
    env = project_environment(folder, cluster.create_database("attendance"), "", 8300, threads=1)
    run([sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], env=env)
    imported(env, write_people(folder / "members-few.csv", MEMBERS, changed=False))
    imported(env, write_table(folder / "events.csv", "id,name,event_date,location", events()))
    cluster.sql("ANALYZE", "attendance")
    cluster.settle()
    lines = write_table(folder / "attendance.csv", "id,event_id,member_id,checked_in_at", arrivals(ATTENDANCE))
    return [imported(env, lines), imported(env, lines)]


def goals(found: Found) -> list[tuple[bool, str]]:
    both = max(each.both_ratio for each in found.members)
    apply = max(each.apply_ratio for each in found.members)
    memory = max(each.ours.memory_mb for each in found.members)
    checked, errors = found.checked, found.checked.counts.get("error", 0)
    seconds = [each.plan + each.apply for each in found.attendance]
    cpu = found.attendance[0].plan_cpu + found.attendance[0].apply_cpu
    preview = (
        f"{CHECKED:,} rows with {errors} bad ones previewed in {checked.plan:.1f} s, {checked.plan_cpu:.1f} of CPU"
    )
    return [
        (apply <= GOAL_APPLY, f"writing takes at most {apply:.1f} × the floor (goal: {GOAL_APPLY})"),
        (both <= GOAL_BOTH, f"preview and writing take at most {both:.1f} × the floor (goal: {GOAL_BOTH})"),
        (memory <= GOAL_MB, f"{memory:.0f} MB at the most (goal: {GOAL_MB})"),
        (checked.plan <= GOAL_CHECKED and errors == BAD, f"{preview} (goal: {GOAL_CHECKED})"),
        (
            seconds[0] <= GOAL_ATTENDANCE,
            f"{ATTENDANCE:,} lines of attendance in {seconds[0]:.1f} s, {cpu:.1f} of CPU (goal: {GOAL_ATTENDANCE})",
        ),
    ]


def _counts(found: Run) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in found.counts.items())


def markdown(found: Found, load: float) -> str:
    head = [
        "rows",
        "floor s",
        "preview s",
        "writing s",
        "writing × floor",
        "both × floor",
        "floor, CPU s",
        "ours, CPU s: preview + writing + database",
        "peak MB",
    ]
    verdicts = [f"* {'reached' if good else '**missed**'}: {text}" for good, text in goals(found)]
    lines = [*report.machine(), found.server, f"load average when it began: {load:.1f} on {os.cpu_count()} cores"]
    machine = "\n".join(f"* {line}" for line in lines)
    lists = [
        [name, f"{each.plan:.1f}", f"{each.apply:.1f}", f"{each.plan_cpu:.1f} + {each.apply_cpu:.1f}", _counts(each)]
        for name, each in zip((f"{ATTENDANCE:,} lines", "the same again"), found.attendance, strict=True)
    ]
    tables = [report.table(head, [_line(each) for each in found.members])]
    tables.append(report.table(["attendance", "preview s", "writing s", "CPU s: preview + writing", "rows"], lists))
    return "\n\n".join([machine, *tables, "\n".join(verdicts)])


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder; needs a real disk")
    parser.add_argument("--here", type=Path, help="import this file into the database of DATABASE_URL")
    parser.add_argument("--dry-run", action="store_true", help="with --here: preview only")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(import_here(options.here, dry=options.dry_run)))
        return 0
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _stop)
    load = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="checkin-imports-", dir=options.folder))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    try:
        with Processes(folder) as processes:
            found = measure(folder, processes, options.rows)
    except BenchmarkError as error:
        print(f"{error}\nLogs are in {folder}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        print("Stopped; everything that was started has been ended.", file=sys.stderr)
        return 130
    shutil.rmtree(folder)
    text = markdown(found, load)
    print(f"\n{text}")
    if options.write:
        before, _start, rest = report.README.read_text().partition(START)
        report.README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    return 0 if all(good for good, _text in goals(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
