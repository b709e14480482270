"""Measure the pages of the reports over a million attendances: p95 of each at most a second, on PostgreSQL.

    .venv/bin/python benchmarks/reports.py            # three minutes; --quick: one
    .venv/bin/python benchmarks/reports.py --plans    # and how the database does it
    .venv/bin/python benchmarks/reports.py --write    # puts the tables into the README

Each page is asked for through Django's test client: the whole answer, session to HTML, without a network. It counts
from the rows each time; nothing is cached between two askings but what the database's own memory holds. The floor is
one bare pass over the same rows by member: the least that a report about people takes. It ends with 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import report
import seed_million
from cluster import Cluster
from contenders import ROOT, project_environment
from processes import BenchmarkError, Processes, free_port, run

GOAL_MS = 1_000
START, END = "<!-- reports results -->", "<!-- end of reports results -->"
FLOOR = "SELECT member_id, COUNT(*), SUM(party_size) FROM attendance WHERE state = 'attended' GROUP BY member_id"
PAGES = {
    "Overview": "/reports/",
    "Events": "/reports/events/",
    "Months": "/reports/months/",
    "People": "/reports/people/",
    "People, a name searched for": "/reports/people/?q=mar",
    "Times and doors": "/reports/times/",
    "Coming again": "/reports/retention/",
    "Coming again, two series": "/reports/retention/?a=s{a}&b=s{b}",
    "Not seen lately": "/reports/not-seen/",
}
RANGES = {"twelve months": "", "all three years": "since=2015-01-01"}


class Watch:
    """Wraps Django's cursor: every statement of one page with its milliseconds."""

    def __init__(self) -> None:
        self.ran: list[tuple[float, str, Any]] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        answer = execute(sql, params, many, context)
        self.ran.append(((time.perf_counter() - started) * 1000, sql, params))
        return answer


def measure_here(repeat: int, show_plans: bool) -> None:
    """Ask the configured database; prints JSON {"floor", "rows", "pages": [[page, range, times, queries, spent]]}."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    import django

    django.setup()
    from django.db import connection
    from django.test import Client

    from checkin_project.platform.access import Role
    from checkin_project.platform.models import User
    from events.models import Series

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_user("ana", role=Role.ORGANISER))
    with_events = Series.objects.filter(events__isnull=False).distinct().order_by("pk").values_list("pk", flat=True)
    series = dict(zip("ab", with_events, strict=False))
    found: dict[str, Any] = {"floor": _floor(repeat), "pages": []}
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), (SELECT COUNT(*) FROM members), (SELECT COUNT(*) FROM events) FROM attendance")
        found["rows"] = cursor.fetchone()
    for name, path in PAGES.items():
        for about, query in RANGES.items():
            url = path.format(**series)
            url += f"{'&' if '?' in url else '?'}{query}" if query else ""
            found["pages"].append([name, about, *_page(client, url, repeat, show_plans)])
    print(json.dumps(found))


def _floor(repeat: int) -> list[float]:
    from django.db import connection

    times = []
    for _time in range(repeat):
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(FLOOR)
            cursor.fetchall()
        times.append((time.perf_counter() - started) * 1000)
    return times


def _page(client: Any, url: str, repeat: int, show_plans: bool) -> tuple[list[float], int, float]:
    """Milliseconds of each asking, how many statements, and the least time that they took together."""
    from django.db import connection

    times, database = [], []
    watch = Watch()
    for _time in range(repeat + 1):
        started = time.perf_counter()
        answer = client.get(url)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise BenchmarkError(f"{url} answered {answer.status_code}.")
    # Watched statements take another way to the database, so those whose time counts are not watched.
    for _time in range(3):
        watch = Watch()
        with connection.execute_wrapper(watch):
            client.get(url)
        database.append(sum(spent for spent, _sql, _params in watch.ran))
    if show_plans:
        _spent, sql, params = max(watch.ran, key=lambda ran: ran[0])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", params)
            print(f"-- {url}", sql, *(row[0] for row in cursor.fetchall()), "", sep="\n")
    # The first one prepares statements and compiles templates.
    return times[1:], len(watch.ran), min(database)


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def tables(found: dict[str, Any], machine: list[str]) -> tuple[str, int]:
    """The report, and how many pages missed the goal."""
    head = ["page", "days", "p50 ms", "p95 ms", "quickest ms", "database, quickest ms", "statements", "× floor"]
    floor = statistics.median(found["floor"])
    rows, missed = [], 0
    for name, about, times, statements, database in found["pages"]:
        p50, p95 = statistics.median(times), _p95(times)
        missed += p95 > GOAL_MS
        numbers = [
            f"{p50:.0f}",
            f"{p95:.0f}",
            f"{min(times):.0f}",
            f"{database:.0f}",
            str(statements),
            f"{p50 / floor:.1f}",
        ]
        rows.append([name, about, *numbers])
    rows.append(
        [
            "floor: one pass by member",
            "",
            f"{floor:.0f}",
            f"{_p95(found['floor']):.0f}",
            f"{min(found['floor']):.0f}",
            "",
            "1",
            "1",
        ]
    )
    attendances, members, events = found["rows"]
    often = f"each page asked for {len(found['pages'][0][2])} times, one after the other"
    notes = [*machine, f"{attendances:,} attendances, {members:,} members, {events:,} events; {often}"]
    goal = f"Goal: p95 at most {GOAL_MS:,} ms. " + ("Reached by all." if not missed else f"**Missed** by {missed}.")
    return "\n\n".join(["\n".join(f"* {note}" for note in notes), report.table(head, rows), goal]), missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ask 10 times instead of 30")
    parser.add_argument(
        "--plans", action="store_true", help="print how the database runs each page's longest statement"
    )
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--here", action="store_true", help="measure in the database of DATABASE_URL, already filled")
    options = parser.parse_args()
    repeat = 10 if options.quick else 30
    if options.here:
        measure_here(repeat, options.plans)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="checkin-reports-"))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    try:
        with Processes(folder) as processes:
            cluster = Cluster(folder, free_port(54301), processes)
            url = seed_million.prepared(cluster, folder, "reports")
            load = f"load average when it began: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
            env = project_environment(folder, url, "", 8300, threads=1)
            again = [sys.executable, str(ROOT / "benchmarks" / "reports.py"), "--here"]
            again += ["--quick"] * options.quick + ["--plans"] * options.plans
            plans, _, found = run(again, env=env).strip().rpartition("\n")
            text, missed = tables(json.loads(found), [cluster.describe(), load])
            print(plans)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    print(text)
    if options.write:
        before, _start, rest = report.README.read_text().partition(START)
        report.README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
