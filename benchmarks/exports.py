"""Measure the export of 100,000 attendances on PostgreSQL, through the server, against COPY of the same join.

    .venv/bin/python benchmarks/exports.py              # about two minutes
    .venv/bin/python benchmarks/exports.py --write      # puts the table into the README

An organiser's browser is signed in to `manage.py serve` and downloads the list of attendance. The server's memory is
looked at twenty times a second. Each file is read back and its rows are counted.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import report
from cluster import Cluster
from contenders import ROOT, project_environment
from processes import BenchmarkError, Processes, cpu_seconds, free_port, resident_megabytes, run, wait_for_http

START, END = "<!-- export results -->", "<!-- end of export results -->"
ROWS = 100_000
GOAL_FIRST, GOAL_MB, GOAL_RATE = 0.5, 50, 20_000
TOKEN = "b" * 32
PATH = "/admin/attendance/attendance/export/"
SHAPES = {"attendance_full": 24, "databrowser": 15, "attendance": 8}
FORMATS = ("csv", "json", "xlsx")
# The join behind the widest shape, as the database itself would write it.
FLOOR = """COPY (SELECT coalesce(e.legacy_id, e.code), e.name, (e.starts_at AT TIME ZONE e.timezone)::date, e.location,
 m.legacy_id, coalesce(nullif(a.guest_name, ''), m.first_name || ' ' || m.last_name), m.first_name, m.last_name,
 m.classification, m.major, m.student_email, m.personal_email, m.v_number, a.checked_in_at, a.method, a.state,
 a.registration, a.registered_at, a.registered_party_size, a.checked_out_at, a.is_walk_in, a.party_size, a.scan_count,
 a.note FROM attendance a JOIN events e ON e.id = a.event_id LEFT JOIN members m ON m.id = a.member_id
 ORDER BY a.checked_in_at DESC NULLS LAST, a.id DESC) TO STDOUT (FORMAT csv, HEADER)"""
SIGN_IN = """
from django.conf import settings
from django.test import Client
from checkin_project.platform.models import User
user = User.objects.create(username="organiser", role="organiser")
client = Client()
client.force_login(user, backend="checkin_project.platform.signin.RoleBackend")
print(settings.SESSION_COOKIE_NAME + "=" + client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


@dataclass(frozen=True, slots=True)
class Download:
    """Seconds to the first byte and to the last, rows, megabytes sent, and what it took of the server: megabytes that
    it grew by, seconds of its processor, and seconds of the database's."""

    first: float
    whole: float
    rows: int
    size: float
    grew: float
    cpu: float
    cpu_database: float


class Memory:
    """A context that keeps the most memory a process and its children had."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.idle = self.most = sum(resident_megabytes(pid))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.wait(0.05):
            self.most = max(self.most, sum(resident_megabytes(self.pid)))

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()


def download(port: int, cookie: str, shape: str, form: str, site: tuple[int, Cluster]) -> Download:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": f"{cookie}; csrf={TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrfmiddlewaretoken={TOKEN}&shape={shape}&format={form}"
    pid, cluster = site
    before, before_database = cpu_seconds(pid), cluster.cpu_seconds()
    with Memory(pid) as memory:
        started = time.perf_counter()
        connection.request("POST", PATH, body, headers)
        response = connection.getresponse()
        content = response.read(1)
        first = time.perf_counter() - started
        content += response.read()
        whole = time.perf_counter() - started
    connection.close()
    if response.status != 200 or "attachment" not in response.headers.get("Content-Disposition", ""):
        raise BenchmarkError(f"The server answered {response.status} instead of a file: {content[:200]!r}")
    spent = (cpu_seconds(pid) - before, cluster.cpu_seconds() - before_database)
    return Download(first, whole, rows_of(content, form), len(content) / 1e6, memory.most - memory.idle, *spent)


def rows_of(content: bytes, form: str) -> int:
    """Counted by readers that know nothing of our writers."""
    if form == "csv":
        return sum(1 for _row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) - 1
    if form == "json":
        return len(json.loads(content))
    with ZipFile(io.BytesIO(content)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1


def floor(cluster: Cluster, database: str) -> float:
    """Seconds of COPY of the same join into a pipe."""
    psql = [cluster.bin / "psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres"]
    started = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        subprocess.run([*psql, "-d", database, "-c", FLOOR], stdout=nowhere, check=True)
    return time.perf_counter() - started


def measure(folder: Path, port: int, database_port: int) -> tuple[float, dict[tuple[str, str], Download]]:
    with Processes(folder) as processes:
        cluster = Cluster(folder, free_port(database_port), processes)
        env = project_environment(folder, cluster.create_database("exports"), "", free_port(port), threads=4)
        env |= {"LOG_LEVEL": "error", "WORKER": "false"}
        run([sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], env=env)
        run([sys.executable, str(ROOT / "benchmarks" / "seed_million.py"), "--attendances", str(ROWS)], env=env)
        cluster.sql("VACUUM ANALYZE", "exports")
        cookie = run([sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", SIGN_IN], env=env).split()[-1]
        server = processes.start("serve", [sys.executable, str(ROOT / "manage.py"), "serve"], env=env)
        wait_for_http(f"http://127.0.0.1:{env['PORT']}/readyz", server)
        site = (server.pid, cluster)
        # What the first request of a process costs is not the export's.
        download(int(env["PORT"]), cookie, "attendance", "csv", site)
        bare = min(floor(cluster, "exports") for _time in range(3))
        found = {}
        for shape in SHAPES:
            for form in FORMATS:
                found[shape, form] = download(int(env["PORT"]), cookie, shape, form, site)
        return bare, found


def markdown(bare: float, found: dict[tuple[str, str], Download]) -> tuple[str, bool]:
    """The table, and whether the goals were reached."""
    head = [
        "shape",
        "columns",
        "format",
        "rows",
        "MB",
        "first byte, s",
        "whole, s",
        "rows/s",
        "CPU, s",
        "database's",
        "grew by, MB",
    ]
    rows = [
        [
            shape,
            str(SHAPES[shape]),
            form,
            f"{each.rows:,}",
            f"{each.size:.1f}",
            f"{each.first:.2f}",
            f"{each.whole:.2f}",
            f"{each.rows / each.whole:,.0f}",
            f"{each.cpu:.2f}",
            f"{each.cpu_database:.2f}",
            f"{each.grew:.0f}",
        ]
        for (shape, form), each in found.items()
    ]
    slowest = min(each.rows / each.whole for (_shape, form), each in found.items() if form == "csv")
    first = max(each.first for each in found.values())
    grew = max(each.grew for each in found.values())
    widest = found["attendance_full", "csv"]
    verdict = (
        f"`COPY … TO STDOUT` of the widest shape's join, sorted alike: {bare:.2f} s; ours as CSV takes "
        f"{widest.whole / bare:.1f} × as long. Goals: first byte within {GOAL_FIRST} s (latest: {first:.2f}), at most "
        f"{GOAL_MB} MB above idle (most: {grew:.0f}), {GOAL_RATE:,} rows/s of CSV (slowest: {slowest:,.0f})."
    )
    busy = f"* {os.getloadavg()[0]:.0f} processes wanted the processors on average in the minute that it ended"
    machine = "\n".join(f"* {line}" for line in report.machine()) + f"\n{busy}"
    is_reached = first < GOAL_FIRST and grew <= GOAL_MB and slowest >= GOAL_RATE
    return f"{report.table(head, rows)}\n\n{verdict}\n\n{machine}", is_reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder; needs a real disk")
    parser.add_argument("--port", type=int, default=8301)
    parser.add_argument("--database-port", type=int, default=54351)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="checkin-exports-", dir=options.folder))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    try:
        bare, found = measure(folder, options.port, options.database_port)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    text, is_reached = markdown(bare, found)
    print(text)
    if options.write:
        before, _start, rest = report.README.read_text().partition(START)
        report.README.write_text(f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
