"""200 screens on 10 events while 20 people a second arrive: is every screen right within two seconds, and at what cost?

Served as several processes are: gunicorn for HTTP, uvicorn for sockets, PostgreSQL, Redis. A quarter of the screens is
staff's, with names. `--quick` takes half a minute; without it the arrivals last two minutes. `--write` puts the result
into the README. It ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
from cluster import Cluster
from contenders import ROOT, Prepared, prepare, project_environment, start_redis
from live_load import Arrivals, Screen, lags
from processes import BenchmarkError, Processes, cpu_seconds, free_port, run, wait_for_http

EVENTS, SCREENS, PER_SECOND = 10, 200, 20.0
SCREEN_GOAL, P95_GOAL_MS = 2.0, 100.0
START, END = "<!-- live results -->", "<!-- end of live results -->"
# Run by `manage.py shell`: somebody who may see names, signed in.
STAFF = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from checkin_project.platform.models import User
user = User.objects.create_user("benchmark", password=None, role="supervisor")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
"""


@dataclass
class Cost:
    """CPU seconds of HTTP workers, socket process and database."""

    web: float
    sockets: float
    database: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.web - other.web, self.sockets - other.sockets, self.database - other.database)


class Site:
    """The running processes."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.cluster = Cluster(folder, free_port(54301), processes)
        redis_url = start_redis(folder, processes)
        if not redis_url:
            raise BenchmarkError("redis-server was not found. On Debian: apt-get install redis-server.")
        self.port, self.socket_port = free_port(8301), free_port(8331)
        env = project_environment(folder, self.cluster.create_database("ours"), redis_url, self.port, threads=4)
        self.prepared: Prepared = prepare(env, 6000, 2 * EVENTS)
        staff = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", STAFF]
        self.cookie = run(staff, env=env).splitlines()[-1]
        gunicorn = [sys.executable, "-m", "gunicorn", "checkin_project.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        gunicorn += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--chdir", str(ROOT)]
        self.web = processes.start("web", gunicorn, env=env)
        serve = [sys.executable, str(ROOT / "manage.py"), "serve"]
        self.sockets = processes.start("sockets", serve, env=env | {"PORT": str(self.socket_port)})
        wait_for_http(f"http://127.0.0.1:{self.port}/healthz", self.web)
        wait_for_http(f"http://127.0.0.1:{self.socket_port}/healthz", self.sockets)

    def cost(self) -> Cost:
        return Cost(cpu_seconds(self.web.pid), cpu_seconds(self.sockets.pid), self.cluster.cpu_seconds())

    def in_sql(self, event: str) -> int:
        count = (
            "SELECT count(*) FROM attendance a JOIN events e ON e.id = a.event_id WHERE a.attended AND e.code = '{}'"
        )
        return int(self.cluster.sql(count.format(event), "ours"))


async def watch_and_arrive(site: Site, arrivals: Arrivals, seconds: float) -> tuple[list[Screen], Cost]:
    events = list(arrivals.events)
    screens = [Screen(events[number % EVENTS]) for number in range(SCREENS)]
    opened = asyncio.Semaphore(0)
    address, origin = f"ws://127.0.0.1:{site.socket_port}", f"http://127.0.0.1:{site.socket_port}"
    watching = [
        asyncio.create_task(screen.watch(address, origin, site.cookie if number < SCREENS // 4 else "", opened))
        for number, screen in enumerate(screens)
    ]
    for _screen in screens:
        async with asyncio.timeout(60):
            await opened.acquire()
    await asyncio.sleep(2)
    for screen in screens:
        screen.messages = screen.bytes = 0
    before = site.cost()
    await asyncio.to_thread(arrivals.run, PER_SECOND, seconds)
    await asyncio.sleep(SCREEN_GOAL)
    cost = site.cost() - before
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return screens, cost


def measure(site: Site, seconds: float) -> tuple[list[str], bool]:
    """The lines of the report, and whether every goal was reached."""
    codes, others = site.prepared.codes["plain"][:EVENTS], site.prepared.codes["plain"][EVENTS:]
    load = os.getloadavg()[0]
    warm = Arrivals(site.port, site.prepared.secret, others)
    warm.run(PER_SECOND, 3)
    # What arrivals cost that nobody watches, to tell the screens' part.
    unwatched = Arrivals(site.port, site.prepared.secret, others, _next_member=1001)
    before = site.cost()
    unwatched.run(PER_SECOND, seconds / 2)
    alone = site.cost() - before
    arrivals = Arrivals(site.port, site.prepared.secret, codes, _next_member=3001)
    screens, cost = asyncio.run(watch_and_arrive(site, arrivals, seconds))
    return describe(site, Run(seconds, screens, arrivals, unwatched, cost, alone, load))


@dataclass
class Run:
    seconds: float
    screens: list[Screen]
    arrivals: Arrivals
    unwatched: Arrivals
    cost: Cost
    alone: Cost
    load: float


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def describe(site: Site, run: Run) -> tuple[list[str], bool]:
    arrivals, screens = run.arrivals, run.screens
    behind, inventions = lags(screens, arrivals)
    wrong = sum(screen.shown[-1][1] != site.in_sql(screen.event) for screen in screens if screen.shown)
    wrong += sum(not screen.shown for screen in screens)
    messages, people = sum(screen.messages for screen in screens), len(arrivals.seconds)
    p95 = quantile(arrivals.seconds, 0.95) * 1000
    each, alone = _per_person(run.cost, people), _per_person(run.alone, len(run.unwatched.seconds))
    goals = {
        f"every screen equals SQL at the end: {wrong} of {len(screens)} do not": wrong == 0,
        f"every check-in is on every screen within {SCREEN_GOAL:.0f} s: at the most {behind[-1]:.2f} s": behind[-1]
        <= SCREEN_GOAL,
        f"check-ins p95 {p95:.0f} ms (goal: {P95_GOAL_MS:.0f} ms), {len(arrivals.errors)} errors": p95 <= P95_GOAL_MS
        and not arrivals.errors,
        f"no screen showed somebody who had not come: {inventions} did": inventions == 0,
    }
    lines = [
        *(f"* {line}" for line in report.machine()),
        f"* {site.cluster.describe()}; gunicorn gthread × 2 × 4 threads, one process for sockets, Redis",
        f"* load average when it began: {run.load:.1f} on {os.cpu_count()} cores",
        "",
        "| | |",
        "| --- | ---: |",
        f"| arrivals, at {PER_SECOND:.0f} a second for {run.seconds:.0f} s on {EVENTS} events | {people:,} |",
        f"| check-in, from when it was due: p50 / p95 / p99 ms | {_three(arrivals.seconds, 1000, '.0f')} |",
        f"| the same while nobody watched | {_three(run.unwatched.seconds, 1000, '.0f')} |",
        f"| screens, a quarter of them with names | {len(screens)} |",
        f"| messages delivered (a second) | {messages:,} ({messages / run.seconds:.0f}) |",
        f"| bytes per message | {sum(screen.bytes for screen in screens) / max(1, messages):.0f} |",
        f"| a screen lags behind the acknowledged check-in: p50 / p95 / p99 s | {_three(behind, 1, '.2f')} |",
        f"| CPU of the socket process per delivered message, ms | {run.cost.sockets * 1000 / max(1, messages):.3f} |",
        f"| CPU of the HTTP workers per check-in, ms: watched (unwatched) | {each.web:.2f} ({alone.web:.2f}) |",
        f"| CPU of PostgreSQL per check-in, ms: watched (unwatched) | {each.database:.2f} ({alone.database:.2f}) |",
        "",
        *(f"* {'reached' if reached else '**missed**'}: {goal}" for goal, reached in goals.items()),
    ]
    return [*lines, *(f"* error: {error}" for error in arrivals.errors[:3])], all(goals.values())


def _per_person(cost: Cost, people: int) -> Cost:
    people = max(1, people)
    return Cost(cost.web * 1000 / people, cost.sockets * 1000 / people, cost.database * 1000 / people)


def _three(values: list[float], factor: float, form: str) -> str:
    return " / ".join(format(quantile(values, share) * factor, form) for share in (0.5, 0.95, 0.99))


def write(lines: list[str]) -> None:
    text = report.README.read_text()
    before, rest = text.split(START)
    report.README.write_text(f"{before}{START}\n\n" + "\n".join(lines) + f"\n\n{END}{rest.split(END)[1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="twenty seconds of arrivals instead of two minutes")
    parser.add_argument("--write", action="store_true", help="put the result into benchmarks/README.md")
    options: Any = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="checkin-live-"))
    folder.chmod(0o755)
    try:
        with Processes(folder) as processes:
            lines, reached = measure(Site(folder, processes), 20.0 if options.quick else 120.0)
    except BenchmarkError as problem:
        print(f"{problem}\nIts logs are in {folder}.")
        return 2
    shutil.rmtree(folder)
    print("\n".join(lines))
    if options.write:
        write(lines)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
