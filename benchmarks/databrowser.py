"""Measure the data browser over 1,000,000 attendances on PostgreSQL: every page within 300 ms at the 95th percentile.

    .venv/bin/python benchmarks/databrowser.py              # live rows and the materialised view, some minutes
    .venv/bin/python benchmarks/databrowser.py --plans      # and how PostgreSQL answers the slowest pages
    .venv/bin/python benchmarks/databrowser.py --write      # puts the table into the README

A page is the whole request without the network: middleware, sign-in, queries, template, by Django's test client in one
process. The cluster is our own, in a temporary folder, with PostgreSQL's default settings.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

import report
from cluster import Cluster
from contenders import ROOT, project_environment
from processes import BenchmarkError, Processes, free_port, run
from seed_million import prepared

GOAL_MS = 300
START, END = "<!-- data browser results -->", "<!-- end of data browser results -->"
FILTERS = {
    "no filter": "",
    "one event": "event={code}",
    "events by name": "event=weekly+3",
    "half a year": "since=2025-01-01&until=2025-06-30",
    "group": "group={group}",
    "classification": "classification=junior",
    "major": "major=Biology",
    "door, rare": "method=paper",
    "state": "state=no_show",
    "guests": "who=guest",
    "classification, major, door": "classification=junior&major=Biology&method=kiosk",
    "text: ana": "q=ana",
    "text: ana gar": "q=ana+gar",
    "text: V10000123": "q=V10000123",
    "text: student77": "q=student77",
    "text: a": "q=a",
    "text: nobody": "q=zzzzzz",
    "text and classification": "q=mar&classification=senior",
}
ORDERS = ("-checked_in_at", "-event_date", "event_name", "member_name", "member_classification", "member_major")
# How many times "next" is followed to get to a deep page.
DEEP = 20


def pages(client: Any, values: dict[str, Any]) -> dict[str, str]:
    """Name → address of every page that is measured."""
    found = {}
    for name, query in FILTERS.items():
        for order in ORDERS:
            found[f"{name}, {order.lstrip('-')}"] = f"/data/?{query.format(**values)}&sort={order}".replace("?&", "?")
    for order in ORDERS:
        found[f"deep, {order.lstrip('-')}"] = _deep(client, f"/data/?sort={order}")
    return found


def _deep(client: Any, address: str) -> str:
    for _page in range(DEEP):
        shown = client.get(address).content.decode()
        found = re.search(r'rel="next" href="([^"]+)"', shown)
        if found is None:
            return address
        address = f"/data/{html.unescape(found[1])}"
    return address


def _timed(client: Any, address: str) -> float:
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000


def measure(runs: int, plans: bool) -> dict[str, Any]:
    """In the configured database: {page: [milliseconds]}, what it took to refresh, and plans of the slowest."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from attendance.databrowser import materialised
    from checkin_project.platform.access import Role
    from checkin_project.platform.models import User
    from events.models import Event, Group, GroupRole

    settings.ALLOWED_HOSTS = ["*"]
    refresh = []
    if materialised.is_wanted():
        for _time in range(2):
            done = materialised.refresh(at=timezone.now())
            refresh.append(done.seconds if done else 0)
    group = Group.objects.get(slug="club-3")
    values = {"code": Event.objects.order_by("starts_at")[100].code, "group": group.pk}
    times: dict[str, list[float]] = {}
    for who in ("organiser", "organiser of one group"):
        user, _new = User.objects.get_or_create(username=who, defaults={"role": "" if "one" in who else Role.ORGANISER})
        if "one" in who:
            GroupRole.objects.get_or_create(user=user, group=group, defaults={"role": Role.ORGANISER})
        client = Client()
        client.force_login(user, backend="checkin_project.platform.signin.RoleBackend")
        for name, address in pages(client, values).items():
            if "one" in who and not name.startswith(("no filter", "deep")):
                continue
            key = f"{name} ({who})" if "one" in who else name
            assert client.get(address).status_code == 200, address
            times[key] = [_timed(client, address) for _run in range(runs)]
    slowest = sorted(times, key=lambda name: -statistics.quantiles(times[name], n=20)[-1])[:3]
    notes = {name: _plans(connection, name, values) for name in slowest if plans and "(" not in name}
    return {"times": times, "refresh": refresh, "plans": notes}


def _plans(connection: Any, name: str, values: dict[str, Any]) -> list[str]:
    """EXPLAIN (ANALYZE) of the longest statement of this page."""
    from django.http import QueryDict

    from attendance.databrowser.asked import DataForm
    from attendance.databrowser.materialised import source
    from attendance.databrowser.pages import page
    from checkin_project.platform.access import SYSTEM

    kind, order = name.rsplit(", ", 1)
    data = QueryDict(f"{FILTERS.get(kind, '').format(**values)}&sort={order}")
    form = DataForm(data, by=SYSTEM)
    assert form.is_valid(), form.errors
    seen: list[tuple[float, str, Any]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seen.append((time.perf_counter() - started, sql, params))

    with connection.execute_wrapper(watch):
        page(form.asked(data), SYSTEM, source())
    _seconds, sql, params = max(seen, key=lambda each: each[0])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", params)
        return [str(row[0])[:160] for row in cursor.fetchall()]


def markdown(found: dict[str, dict[str, Any]]) -> tuple[str, bool]:
    """The table, and whether the goal was reached."""
    names = sorted({name.rsplit(", ", 1)[0] for each in found.values() for name in each["times"] if "(" not in name})
    one = sorted({name for each in found.values() for name in each["times"] if "(" in name})
    rows, worst = [], 0.0
    for name in [*sorted(names, key=[*FILTERS, "deep"].index), "of one group only, all orders"]:
        cells = [name]
        for each in found.values():
            mine = [
                values
                for key, values in each["times"].items()
                if (key in one if name.startswith("of one") else "(" not in key and key.rsplit(", ", 1)[0] == name)
            ]
            tail = statistics.quantiles(chain.from_iterable(mine), n=20)[-1]
            worst = max(worst, tail)
            slowest = max(statistics.median(values) for values in mine)
            cells += [f"{number:.0f}" for number in (statistics.median(chain.from_iterable(mine)), tail, slowest)]
        rows.append(cells)
    head = ["filter"] + [f"{name}, {what}" for name in found for what in ("p50 ms", "p95 ms", "slowest order, p50 ms")]
    verdict = f"Goal: p95 within {GOAL_MS} ms. " + (
        "Reached by all." if worst <= GOAL_MS else f"The largest p95 is {worst:.0f} ms."
    )
    refresh = next((each["refresh"] for each in found.values() if each["refresh"]), [])
    if refresh:
        verdict += f" Making the view took {refresh[0]:.0f} s, refreshing it beside its readers {refresh[1]:.0f} s."
    machine = "\n".join(f"* {line}" for line in report.machine())
    return f"{report.table(head, rows)}\n\n{verdict}\n\n{machine}", worst <= GOAL_MS


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="requests for each page")
    parser.add_argument("--plans", action="store_true", help="print how PostgreSQL answers the slowest pages")
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder; needs a real disk")
    parser.add_argument("--port", type=int, default=54331)
    parser.add_argument("--database", help="URL of a database that seed_million.py has filled, instead of a new one")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.runs, options.plans)))
        return 0
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _stop)
    folder = Path(tempfile.mkdtemp(prefix="checkin-data-", dir=options.folder))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    found = {}
    try:
        with Processes(folder) as processes:
            url = options.database or prepared(Cluster(folder, free_port(options.port), processes), folder, "million")
            again = [sys.executable, str(ROOT / "benchmarks" / "databrowser.py"), "--here", f"--runs={options.runs}"]
            for name, mode in (("live", "live"), ("view", "materialized")):
                env = project_environment(folder, url, "", 8300, threads=1) | {
                    "DATABROWSER": mode,
                    "LOG_LEVEL": "error",
                }
                printed = run([*again, *(["--plans"] if options.plans else [])], env=env)
                found[name] = json.loads(printed.splitlines()[-1])
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; everything that was started has been ended.", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder)
    text, is_reached = markdown(found)
    print(text)
    for name, each in found.items():
        for page, lines in each["plans"].items():
            print(f"\n-- {name}: {page}", *lines, sep="\n")
    if options.write:
        before, _start, rest = report.README.read_text().partition(START)
        report.README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
