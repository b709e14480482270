"""Measure pages as a slow phone sees them: when they can be read and used, when their script helps, what they weigh.

    .venv/bin/python benchmarks/pages.py             # kiosk and self check-in, served both ways, first and second visit
    .venv/bin/python benchmarks/pages.py --runs 9
    .venv/bin/python benchmarks/pages.py --base http://localhost:8000 / /sign-in/     # of a server that runs already
    .venv/bin/python benchmarks/pages.py --base http://localhost:8000 --sign-in ana /dashboard/

The phone is the one that DevTools and Lighthouse call slow 4G: 1.6 Mbit/s, 562 ms a request, CPU four times slower.
Browser and server share this machine: on a busy one the CPU counts far more than four times. The floor shows how much.
"""

from __future__ import annotations

import argparse
import getpass
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from contenders import ROOT
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright
from processes import BenchmarkError, Processes, free_port, run, wait_for_http
from report import table

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "device_scale_factor": 3, "is_mobile": True}
SLOW_4G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6e6 * 0.9 / 8,
    "uploadThroughput": 750e3 * 0.9 / 8,
}
CPU = 4
# What this machine, browser and profile need for a page that holds one word and nothing else: the floor for every page.
ONE_WORD = "/healthz"
READ = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const at = (name) => performance.getEntriesByName(name)[0]?.startTime ?? 0;
  const painted = at("first-contentful-paint");
  return {arrived: page.responseEnd, painted, usable: Math.max(painted, page.domContentLoadedEventEnd),
          script: at("ready") || page.loadEventEnd};
}"""
PEOPLE = """
from datetime import timedelta
from django.utils import timezone
from attendance import eventcodes
from attendance.devices import Place, pair_here
from attendance.models import Device
from events.models import Event
now = timezone.now()
event = Event.objects.open_for_check_in(now).filter(check_in_settings__self_check_in="poster").first()
place = Place(kind=Device.Kind.KIOSK, name="Slow phone", event_id=event.pk)
print(pair_here(place, by_user_id=None, at=now)[1], eventcodes.issue(event, at=now).url)
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Milliseconds from the tap on the link, and what went over the wire until the network fell silent."""

    arrived: float  # the last byte of the HTML
    painted: float  # the first paint with content
    usable: float  # painted, and all of the page is there: what is typed and sent works
    script: float  # the page's script has taken over
    bytes: float
    requests: float


def visit(context: BrowserContext, url: str) -> Visit:
    """Open `url` in a tab of its own, slowly. Raises BenchmarkError when it is no page."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(float(event["encodedDataLength"])))
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW_4G)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
    answer = page.goto(url, wait_until="load")
    if answer is None or not answer.ok:
        raise BenchmarkError(f"{url} answered {answer.status if answer else 'nothing'}.")
    try:
        page.wait_for_load_state("networkidle", timeout=15_000)
    except Error:
        print(f"{url} never fell silent; what it loads later is left out.", file=sys.stderr)
    seen = page.evaluate(READ)
    page.close()
    # What came from the browser's cache weighs nothing.
    return Visit(**seen, bytes=sum(sizes), requests=sum(size > 0 for size in sizes))


def middle(visits: list[Visit]) -> Visit:
    """The median of each number by itself."""
    names = [field.name for field in fields(Visit)]
    return Visit(**{name: statistics.median(getattr(seen, name) for seen in visits) for name in names})


def row(name: str, visits: list[Visit]) -> list[str]:
    """Cells of the table: medians, and the quickest of all visits, which other programs disturbed the least."""
    seen, quickest = middle(visits), min(each.usable for each in visits)
    times = [f"{value:.0f}" for value in (seen.arrived, seen.painted, seen.usable, quickest, seen.script)]
    return [name, *times, f"{seen.bytes / 1000:.0f}", f"{seen.requests:.0f}"]


def measure(browser: Browser, url: str, *, name: str, runs: int, **options: Any) -> list[list[str]]:
    """Rows for the first visit, with nothing cached, and for the second one right after it."""
    first, second = [], []
    for _run in range(runs):
        context = browser.new_context(**PHONE, **options)
        first.append(visit(context, url))
        second.append(visit(context, url))
        context.close()
    print(f"{name}: {row('', first)[3]} ms", file=sys.stderr, flush=True)
    return [row(f"{name}, first visit", first), row("… again", second)]


@contextmanager
def served(name: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """A demo site, served `embedded` or by `gunicorn` as in production.

    Yields its address, the token of a paired kiosk, and the address of a self check-in.
    """
    home, port = folder / name, free_port(8341)
    home.mkdir()
    env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL", "ENVIRONMENT")}
    env |= {"VAR_DIR": str(home), "PORT": str(port), "SITE_URL": f"http://localhost:{port}", "REDIS_URL": ""}
    env |= {"DATABASE_URL": f"sqlite:///{home / 'checkin.sqlite3'}", "DEMO_PASSWORD": "only-for-this-measurement"}
    manage = [sys.executable, ROOT / "manage.py"]
    run([*manage, "migrate", "--verbosity", "0"], env=env)
    run([*manage, "demo"], env=env)
    command: list[str | Path] = [*manage, "serve"]
    if name == "gunicorn":
        env |= {"ENVIRONMENT": "production", "SECURE_SSL_REDIRECT": "false"}
        env |= {key: key.lower() * 10 for key in ("SECRET_KEY", "QR_SIGNING_KEYS")}
        run([*manage, "collectstatic", "--noinput", "--verbosity", "0"], env=env)
        program = Path(sys.executable).with_name("gunicorn")
        command = [program, "checkin_project.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    token, address = run([*manage, "shell", "-v0", "-c", PEOPLE], env=env).split()[-2:]
    with Processes(home) as processes:
        wait_for_http(f"http://localhost:{port}/healthz", processes.start(name, command, env=env))
        yield f"http://localhost:{port}", token, address


def both_ways(browser: Browser, runs: int) -> list[list[str]]:
    """Kiosk and self check-in of a demo site of their own."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        for name in ("embedded", "gunicorn"):
            with served(name, Path(folder)) as (base, token, address):
                cookie = {"name": "device", "value": token, "domain": "localhost", "path": "/"}
                state = {"cookies": [cookie], "origins": []}
                rows += measure(browser, f"{base}{ONE_WORD}", name=f"one word, {name}", runs=runs)[:1]
                rows += measure(browser, f"{base}/kiosk/", name=f"kiosk, {name}", runs=runs, storage_state=state)
                rows += measure(browser, address, name=f"self check-in, {name}", runs=runs)
    return rows


def sign_in(browser: Browser, base: str, name: str) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/sign-in/")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(os.environ.get("PASSWORD") or getpass.getpass(f"Password of {name}: "))
    page.locator("main form [type=submit]").click()
    page.wait_for_load_state()
    return context.storage_state()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="visits to each page; the median counts (default 5)")
    parser.add_argument("--base", metavar="URL", help="measure a server that runs already")
    parser.add_argument("--sign-in", metavar="NAME", help="as this user; password from $PASSWORD, or asked for")
    parser.add_argument("paths", nargs="*", metavar="PATH")
    chosen = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rows: list[list[str]] = []
        if chosen.base:
            base = chosen.base.rstrip("/")
            state = sign_in(browser, base, chosen.sign_in) if chosen.sign_in else None
            for path in [ONE_WORD, *(chosen.paths or ["/"])]:
                rows += measure(browser, base + path, name=path, runs=chosen.runs, storage_state=state)
        else:
            rows = both_ways(browser, chosen.runs)
        browser.close()
    head = ["page", "HTML", "painted", "usable", "usable, best", "script ready", "kB", "requests"]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds, median of {chosen.runs}\n")
    print(table(head, rows))


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as problem:
        sys.exit(str(problem))
