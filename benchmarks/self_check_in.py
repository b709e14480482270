"""100 phones check in at the same instant through one event code: how long does the slowest wait, and is everybody in?

On PostgreSQL behind gunicorn (goal: all answered within 2 s) and on SQLite by `manage.py serve` (5 s), each by a
poster's code and by a rotating one. Every phone has opened the page before; the clock runs for the check-in.
`--write` puts the result into the README. It ends with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

import report
from cluster import Cluster
from contenders import (
    ROOT,
    Contender,
    Prepared,
    Workers,
    migrate_and_fill,
    ours_on_postgresql,
    ours_on_sqlite,
    project_environment,
    start_redis,
)
from processes import BenchmarkError, Processes, cpu_seconds, free_port, run

PHONES = 100
# Others at work on the machine make every number worse: how busy it was is part of the result.
LOAD = f"{os.getloadavg()[0]:.1f} programs waiting for its {os.cpu_count()} cores"
GOALS = {"PostgreSQL": 2.0, "SQLite": 5.0}
START, END = "<!-- self check-in results -->", "<!-- end of self check-in results -->"
# Run by `manage.py shell` with the event's code and the kind of code.
ISSUE = """
from django.utils import timezone
from attendance import eventcodes
from events.models import CheckInSettings, Event
CheckInSettings.objects.filter(event__code={code!r}).update(self_check_in={kind!r})
print(eventcodes.issue(Event.objects.get(code={code!r}), at=timezone.now()).token)
"""
_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|operation|session)" value="([^"]*)"')


@dataclass
class Phone:
    """One phone with its cookie and the form it was given."""

    port: int
    path: str
    entry: str
    cookie: str = ""
    form: dict[str, str] = field(default_factory=dict)
    status: int = 0
    seconds: float = 0.0

    def open(self) -> None:
        answer, page = self._ask("GET")
        self.cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
        self.form = dict(_HIDDEN.findall(page))
        if answer.status != 200 or not self.form:
            raise BenchmarkError(f"The page of the code answered {answer.status} without a form.")

    def check_in(self, start: threading.Barrier) -> None:
        start.wait(60)
        began = time.perf_counter()
        self.status = self._ask("POST", urlencode(self.form | {"entry": self.entry}))[0].status
        self.seconds = time.perf_counter() - began

    def _ask(self, method: str, body: str = "") -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        if method == "POST":
            # As the page's script asks.
            headers["X-Requested-With"] = "self"
        try:
            connection.request(method, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()


@dataclass(frozen=True)
class Rush:
    """What became of one rush of phones."""

    database: str
    server: str
    kind: str
    seconds: list[float]
    accepted: int
    rows: int
    web_ms: float
    database_ms: float

    @property
    def is_good(self) -> bool:
        return max(self.seconds) <= GOALS[self.database] and self.accepted == self.rows == PHONES


def opened(port: int, token: str) -> list[Phone]:
    """Phones that have the page of this code open."""
    phones = [Phone(port, f"/c/{token}/", f"V1{number:07d}") for number in range(1, PHONES + 1)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Phone.open, phones))
    return phones


def rush(phones: list[Phone]) -> None:
    """All of them send their form at once."""
    start = threading.Barrier(PHONES)
    threads = [threading.Thread(target=phone.check_in, args=(start,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(database: str, served: Contender, codes: list[str], issue: Callable[[str, str], str]) -> list[Rush]:
    """One rush to warm up, then one by each kind of code. A rotating code is issued right before it is opened."""
    port = port_of(served)
    rush(opened(port, issue(codes.pop(), "poster")))
    found = []
    for kind in ("poster", "rotating"):
        code = codes.pop()
        phones = opened(port, issue(code, kind))
        web, stored = cpu_seconds(served.pid), served.database_cpu()
        rush(phones)
        web, stored = cpu_seconds(served.pid) - web, served.database_cpu() - stored
        accepted = sum(phone.status == 201 for phone in phones)
        seconds = sorted(phone.seconds for phone in phones)
        rows, each = served.rows(code), 1000 / PHONES
        found.append(Rush(database, served.server, kind, seconds, accepted, rows, web * each, stored * each))
        print(f"  {database}, {kind}: slowest {seconds[-1]:.2f} s, {accepted} accepted", flush=True)
    return found


def issuer(env: dict[str, str]) -> Callable[[str, str], str]:
    def issue(code: str, kind: str) -> str:
        script = ISSUE.format(code=code, kind=kind)
        return run([sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", script], env=env).split()[
            -1
        ]

    return issue


def port_of(served: Contender) -> int:
    return int(served.target("").address.rpartition(":")[2])


def on_postgresql(folder: Path, processes: Processes) -> list[Rush]:
    cluster = Cluster(folder, free_port(54301), processes)
    redis_url = start_redis(folder, processes)
    env = project_environment(folder, cluster.create_database("ours"), redis_url, 8300, threads=1)
    codes = migrate_and_fill(env, 2000, 4)["plain"]
    served, process = ours_on_postgresql(
        folder, cluster, processes, Workers("sync", 4), Prepared({"plain": codes}, "", redis_url)
    )
    found = measure("PostgreSQL", served, codes, issuer(env))
    processes.end(process)
    return found


def on_sqlite(folder: Path, processes: Processes) -> list[Rush]:
    served, process, codes = ours_on_sqlite(folder, processes, 2000, 4)
    home = folder / "sqlite"
    env = project_environment(home, f"sqlite:///{home / 'checkin.sqlite3'}", "", port_of(served), threads=8)
    found = measure("SQLite", served, codes, issuer(env))
    processes.end(process)
    return found


def markdown(found: list[Rush]) -> str:
    head = [
        "database",
        "server",
        "code",
        "half answered",
        "95 %",
        "slowest",
        "accepted",
        "rows",
        "CPU each",
    ]
    rows = [
        [
            each.database,
            each.server,
            each.kind,
            *(f"{each.seconds[place]:.2f} s" for place in (PHONES // 2, PHONES * 95 // 100, -1)),
            str(each.accepted),
            str(each.rows),
            f"{each.web_ms:.1f} + {each.database_ms:.1f} ms",
        ]
        for each in found
    ]
    goals = " and ".join(f"{seconds:.0f} s on {name}" for name, seconds in GOALS.items())
    missed = [f"{each.database}, {each.kind}" for each in found if not each.is_good]
    verdict = f"Missed by: {'; '.join(missed)}." if missed else "Reached by all."
    machine = "\n".join(f"* {line}" for line in [*report.machine(), f"load of the machine before: {LOAD}"])
    return f"{report.table(head, rows)}\n\nGoal: the slowest within {goals}, {PHONES} rows. {verdict}\n\n{machine}"


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder; needs a real disk")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _stop)
    folder = Path(tempfile.mkdtemp(prefix="checkin-self-", dir=options.folder))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    try:
        with Processes(folder) as processes:
            found = on_postgresql(folder, processes) + on_sqlite(folder, processes)
    except BenchmarkError as error:
        print(f"{error}\nLogs are in {folder}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        print("Stopped; everything that was started has been ended.", file=sys.stderr)
        return 130
    shutil.rmtree(folder)
    text = markdown(found)
    print(f"\n{text}")
    if options.write:
        before, _start, rest = report.README.read_text().partition(START)
        report.README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    return 0 if all(each.is_good for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
