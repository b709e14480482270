"""The real server as its own process, with demo data in a SQLite file of its own, and a real Chromium."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
Contexts = Callable[..., BrowserContext]
EVENT = "Chess night"
USERNAME = "demo"
PASSWORD = "a quiet desk by the door"

# Browser, server and tests may share one busy core: what is waited for comes, but not always in five seconds.
expect.set_options(timeout=20_000)
STARTS_WITHIN = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A journey through twenty screens may take its time where the machine is busy."""
    for item in items:
        if item.get_closest_marker("browser") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(300))


class Server:
    """`manage.py serve`, which can be killed and started again on the same port and data."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
        }
        self.environment |= {
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "DEMO": "true",
            "DEMO_PASSWORD": PASSWORD,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--migrate", "--demo"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:  # noqa: S310  our own server
                    answer.read()
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.2)
            else:
                return
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """As a power cut does it."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def command(self, *words: str) -> str:
        """The last line that a management command prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.splitlines()[-1]

    def make_room(self) -> None:
        """Journeys of many files share the demo's events; none may find every seat taken by another."""
        database = sqlite3.connect(self.folder / "checkin.sqlite3", timeout=20)
        try:
            with database:
                database.execute("UPDATE events SET capacity = 1000 WHERE capacity IS NOT NULL")
        finally:
            database.close()

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database holds."""
        database = sqlite3.connect(self.folder / "checkin.sqlite3", timeout=20)
        try:
            return database.execute(question, values).fetchall()
        finally:
            database.close()


def sign_in(page: Page, then: str = "/") -> None:
    """Sign Ana in, and wait until she is where she wanted to go: the sign-in page's own address names it as well."""
    page.goto(f"/sign-in/?next={then}")
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(rf"^[^?]+{re.escape(then)}$"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    running.make_room()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def code(server: Server) -> str:
    """Code of the demo's event that is open now."""
    return str(server.rows("SELECT code FROM events WHERE name = ?", EVENT)[0][0])


# For one file only: while Playwright runs, its thread has an event loop, which other tests must not find.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def contexts(browser: Browser, server: Server) -> Iterator[Contexts]:
    """Makes browsers that know nothing of each other."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**({"base_url": server.url} | options)))
        return opened[-1]

    yield make
    for context in opened:
        put_away(context)


def put_away(context: BrowserContext) -> None:
    """Close it from a page at rest: Chromium never finishes closing one that turns into another in that very moment."""
    for page in context.pages:
        with suppress(Error):
            page.goto("about:blank")
    context.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> Any:
    """The cookies of a browser in which Ana signed in."""
    context = browser.new_context(base_url=server.url)
    sign_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state
