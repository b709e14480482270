"""What all tests of this app rely on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from attendance.tests.outage import Redis
from checkin_project.platform.tests.postgres import OwnPostgres, own_postgres


@pytest.fixture(autouse=True)
def _numbers_counted_each_time(settings: Settings) -> None:
    """Tests run inside a transaction, so no commit says that kept numbers are old."""
    settings.COUNTS_MAX_AGE = 0


@pytest.fixture(scope="module")
def postgres(postgres_bin: Path) -> Iterator[OwnPostgres]:
    """A cluster that may be killed and frozen."""
    with own_postgres(postgres_bin) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A Redis that may be killed and frozen."""
    server = Redis().start()
    try:
        yield server
    finally:
        server.kill()
