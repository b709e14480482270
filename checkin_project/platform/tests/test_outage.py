"""The whole server while its database is frozen, gone and back again."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from checkin_project.platform.tests.postgres import OwnPostgres, own_postgres
from checkin_project.platform.tests.processes import environment, free_port, manage, serving

pytestmark = pytest.mark.crash
THREADS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    seconds: float
    retry_after: str | None
    body: bytes


@pytest.fixture(scope="module")
def cluster(postgres_bin: Path) -> Iterator[OwnPostgres]:
    with own_postgres(postgres_bin) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def port(cluster: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server on the cluster, with a deadline of two seconds."""
    port = free_port()
    folder = tmp_path_factory.mktemp("outage")
    env = environment(
        folder, PORT=str(port), DATABASE_URL=cluster.url(), THREADS=str(THREADS), HTTP_DEADLINE_SECONDS="2"
    )
    migrated = manage("migrate", "--verbosity", "0", env=env)
    assert migrated.returncode == 0, migrated.stderr
    with serving(env=env):
        yield port


def _ask(port: int, path: str = "/readyz", *, seconds: float = 30) -> Answer:
    started = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    return Answer(response.status, time.monotonic() - started, response.headers["Retry-After"], body)


def _until_ready(port: int, seconds: float = 60) -> float:
    """Seconds until the server takes check-ins again."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if _ask(port).status == 200:
            return time.monotonic() - started
        time.sleep(0.2)
    raise AssertionError("The server does not recover.")


def test_a_frozen_database_is_said_in_words_within_the_deadline_and_forgotten_after(
    cluster: OwnPostgres, port: int
) -> None:
    _until_ready(port)
    cluster.freeze()
    try:
        with ThreadPoolExecutor(THREADS * 2) as people:
            answers = list(people.map(lambda _number: _ask(port), range(THREADS * 2)))
        at_once = _ask(port, "/kiosk/")
        alive = _ask(port, "/healthz")
        program = _ask(port, "/api/events/B2B2B2B2/counts")
    finally:
        cluster.thaw()
    back = _until_ready(port)

    assert {(answer.status, answer.retry_after) for answer in answers} == {(503, "3")}
    assert max(answer.seconds for answer in answers) < 5
    assert b"right back" in at_once.body
    assert at_once.seconds < 1
    assert alive.status == 200
    assert json.loads(program.body)["error"]["code"] == "unavailable"
    assert back < 15


def test_without_the_deadline_people_would_wait(cluster: OwnPostgres, port: int, tmp_path: Path) -> None:
    """The negative control: it is the deadline that answers, and not some timeout of the database."""
    _until_ready(port)
    patient = free_port()
    env = environment(tmp_path, PORT=str(patient), DATABASE_URL=cluster.url(), HTTP_DEADLINE_SECONDS="300")
    with serving(env=env):
        _until_ready(patient)
        cluster.freeze()
        try:
            with pytest.raises(TimeoutError):
                _ask(patient, seconds=6)
        finally:
            cluster.thaw()


def test_a_killed_database_is_unavailable_and_no_request_fails_on_an_old_connection_after(
    cluster: OwnPostgres, port: int
) -> None:
    _until_ready(port)
    cluster.kill()
    down = _ask(port)
    cluster.start()
    _until_ready(port)

    after = [_ask(port).status for _number in range(THREADS * 4)]

    assert (down.status, down.retry_after is not None) == (503, True)
    assert b"postgres" not in down.body.lower()
    assert set(after) == {200}
