"""What every test may lean on: its own database and cache, and a clear word when a service is missing.

`REQUIRE_ALL=1` turns every skip for a missing service into a failure, so that nothing stays untried unnoticed.
"""

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connections

if TYPE_CHECKING:
    from checkin_project.platform.tests.swift import OwnSwift

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def chromium_path() -> str | None:
    """Debian's Chromium, or the program that CHROMIUM names."""
    return shutil.which(os.environ.get("CHROMIUM") or "chromium") or shutil.which("chromium-browser")


def postgres_programs() -> Path | None:
    """The folder with initdb and postgres, which Debian keeps off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _no_postgres() -> str | None:
    return "needs PostgreSQL: set DATABASE_URL=postgresql://…" if settings.SQLITE else None


def _no_redis() -> str | None:
    return None if settings.REDIS_URL else "needs Redis: set REDIS_URL=redis://…"


def _no_browser() -> str | None:
    if find_spec("playwright") is None:
        return "needs the Python package playwright"
    return None if chromium_path() else "needs Chromium: install it, or name it in CHROMIUM"


def _no_postgres_programs() -> str | None:
    return None if postgres_programs() else "needs PostgreSQL's programs (initdb, postgres) on this machine"


def _no_swift() -> str | None:
    from checkin_project.platform.tests import swift

    return swift.missing()


def _no_pg_dump() -> str | None:
    from checkin_project.platform.backups import postgres

    is_there = settings.SQLITE or postgres.is_installed()
    return None if is_there else "needs pg_dump: install PostgreSQL's client programs"


MISSING: dict[str, Callable[[], str | None]] = {
    "postgres": _no_postgres,
    "redis": _no_redis,
    "browser": _no_browser,
    "crash": _no_postgres_programs,
    "pg_dump": _no_pg_dump,
    "s3": _no_swift,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real processes and browsers are tried up to three times; the summary names those tried again.

    They wait for other programs, and a machine that is busy with something else may keep one waiting too long. What is
    wrong in the product fails every time.
    """
    for item in items:
        if any(item.get_closest_marker(name) for name in ("browser", "crash", "s3")):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or with REQUIRE_ALL=1 fail, a test whose service is missing, and say which."""
    for marker, missing in MISSING.items():
        reason = missing() if item.get_closest_marker(marker) else None
        if reason and REQUIRE_ALL:
            pytest.fail(f"{reason} (REQUIRE_ALL=1 allows no skip)", pytrace=False)
        if reason:
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def _announcements_end_with_their_test() -> Iterator[None]:
    """The thread that counts for live screens must not do so while the test's database is taken away."""
    yield
    live = sys.modules.get("attendance.live")
    if live is not None:
        assert live.finish()


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> None:
    """Argon2 is slow on purpose; most tests sign people in for other reasons."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """SQLite tests use a real file: threads that race need separate connections, which :memory: cannot give."""
    if settings.SQLITE:
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture
def tasks_wait() -> Iterator[None]:
    """Tasks become rows and wait, as they do in production; `platform.taskqueue.take_next` and `work_on` do them."""
    from django_tasks import task_backends

    before = task_backends.settings["default"]
    # The setting is for threads that ask later, the object for this one.
    task_backends.settings["default"] = {"BACKEND": "django_tasks_db.DatabaseBackend"}
    task_backends["default"] = task_backends.create_connection("default")
    yield
    task_backends.settings["default"] = before
    task_backends["default"] = task_backends.create_connection("default")


@pytest.fixture(autouse=True)
def _own_cache() -> None:
    """Each test sees an empty cache, also on a Redis that several test processes share."""
    prefix = f"test-{uuid.uuid4().hex}"
    settings.CACHES["default"]["KEY_PREFIX"] = prefix
    caches["default"].key_prefix = prefix


@pytest.fixture(autouse=True, scope="session")
def _own_storages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files that tests store go to a temporary folder, on any machine."""
    for alias in ("default", "exports", "backups"):
        settings.STORAGES[alias]["OPTIONS"]["location"] = tmp_path_factory.mktemp(alias)


@pytest.fixture(autouse=True, scope="session")
def _own_channels() -> None:
    """Test processes that share a Redis do not hear each other's live messages."""
    settings.LIVE_PREFIX = f"test-{os.getpid()}-{WORKER}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser for tests marked `browser`."""
    path = chromium_path()
    assert path, "Mark the test with `browser`, so that it is skipped where there is none."
    return path


@pytest.fixture(scope="session")
def postgres_bin() -> Path:
    """Folder of PostgreSQL's programs for tests marked `crash`."""
    path = postgres_programs()
    assert path, "Mark the test with `crash`, so that it is skipped where there are none."
    return path


@pytest.fixture(scope="session")
def own_swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator["OwnSwift"]:
    """A real server with S3's API and an empty bucket, for tests marked `s3`. It may be killed and started again."""
    from checkin_project.platform.tests.swift import OwnSwift

    swift = OwnSwift(tmp_path_factory.mktemp("swift"))
    try:
        swift.start()
        swift.make_bucket()
        yield swift
    finally:
        swift.kill()
