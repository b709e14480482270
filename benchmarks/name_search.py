"""Measure the kiosk's name search over 20,000 members on PostgreSQL and SQLite: at most 20 ms in the database.

Each query runs 30 times, so that PostgreSQL prepares it and may change its plan, as it does in a server that runs long.
"""

from __future__ import annotations

import argparse
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
from cluster import Cluster
from contenders import ROOT, migrate_and_fill, project_environment
from processes import BenchmarkError, Processes, free_port, run

GOAL_MS = 20
REPEAT = 30
QUERIES = ("mar", "ana", "joh", "gar", "maria gar", "jean luc", "li ch wang", "álv", "zzz")


class Watch:
    """Wraps Django's cursor: keeps the statement that ran last and how long it took, in milliseconds."""

    def __init__(self) -> None:
        self.sql = ""
        self.params: Any = ()
        self.times: list[float] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.sql, self.params = sql, params
        started = time.perf_counter()
        answer = execute(sql, params, many, context)
        self.times.append((time.perf_counter() - started) * 1000)
        return answer


def _explain(sql: str, params: Any) -> tuple[float | None, list[str]]:
    """PostgreSQL's own execution time in ms (None on SQLite, whose answer is only a plan), and the plan."""
    from django.db import connection

    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'(ANALYZE, TIMING OFF)' if postgresql else 'QUERY PLAN'} {sql}", params)
        lines = [str(row[0] if postgresql else row[3]) for row in cursor.fetchall()]
    if not postgresql:
        return None, lines
    return next(float(line.split()[2]) for line in lines if line.startswith("Execution Time")), lines


def search_here(show_plans: bool) -> int:
    """Search in the configured database; prints a table and gives the number of queries over the goal."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    import django

    django.setup()
    from django.db import connection

    from events.models import Group, GroupMember
    from members.models import Member
    from members.search import find_by_name, shown_at_kiosks

    group = Group.objects.get(slug="benchmark-club")
    every_fourth = Member.objects.order_by("pk").values_list("pk", flat=True)[::4]
    links = [GroupMember(group=group, member_id=pk) for pk in every_fourth]
    GroupMember.objects.bulk_create(links, ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would have done in a database that was not filled a second ago
    people = {
        "everybody": Member.objects.all(),
        "one group": Member.objects.filter(group_memberships__group=group),
    }
    rows: list[list[str]] = []
    slow = 0
    for name, within in people.items():
        for query in QUERIES:
            watch, hits = Watch(), 0
            with connection.execute_wrapper(watch):
                for _time in range(REPEAT):
                    hits = len(find_by_name(query, within=shown_at_kiosks(within)))
            if not watch.sql:
                rows.append([f"{query} ({name})", "0", "–", "–", "–"])
                continue
            inside, plan = _explain(watch.sql, watch.params)
            median, worst = statistics.median(watch.times), max(watch.times)
            slow += max(inside or 0, median) > GOAL_MS
            shown = f"{inside:.2f}" if inside is not None else "–"
            rows.append([f"{query} ({name})", str(hits), f"{median:.2f}", f"{worst:.2f}", shown])
            if show_plans:
                print(f"-- {query} ({name})", *plan, sep="\n", file=sys.stderr)
    head = [f"query, {connection.vendor}", "hits", "median ms", "worst ms", "EXPLAIN ANALYZE ms"]
    print(report.table(head, rows))
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--plans", action="store_true", help="print the query plans too")
    parser.add_argument("--here", action="store_true", help="search in the database of DATABASE_URL, already filled")
    options = parser.parse_args()
    if options.here:
        print(search_here(options.plans))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="checkin-search-"))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    missed = 0
    try:
        with Processes(folder) as processes:
            cluster = Cluster(folder, free_port(54301), processes)
            for url in (cluster.create_database("search"), f"sqlite:///{folder / 'search.sqlite3'}"):
                env = project_environment(folder, url, "", 8300, threads=1)
                migrate_and_fill(env, options.members, 1)
                again = [sys.executable, str(ROOT / "benchmarks" / "name_search.py"), "--here"]
                plans = ["--plans"] if options.plans else []
                missed += _shown([*again, *plans], env)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    print(f"\nGoal: {GOAL_MS} ms in the database; {'reached' if not missed else 'missed'}.")
    return 1 if missed else 0


def _shown(command: list[str], env: dict[str, str]) -> int:
    """Show the table of one database; gives how many queries missed the goal, which is the last line printed."""
    table, _, missed = run(command, env=env).strip().rpartition("\n")
    print(f"{table}\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
