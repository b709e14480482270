"""With the database or Redis gone or frozen the doors say so in words, in time, and are back by themselves."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from uuid import uuid4

import pytest
from django.conf import settings

from attendance.tests.load import SEED, Load, broken_promises, read
from attendance.tests.outage import Answer, Redis, Server, wait_until
from checkin_project.platform.tests.postgres import OwnPostgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]
# Five seconds are promised; a little for the way there and back on a busy machine.
IN_TIME = 6.0
P95 = 1.5


class Doors(Load):
    """The load's server with its kiosk."""

    kiosk: str = ""

    def kiosk_page(self) -> Answer:
        return self.server.ask(
            "GET", f"/kiosk/{self.event}/", headers={"Cookie": f"{settings.DEVICE_COOKIE_NAME}={self.kiosk}"}
        )

    def next_one(self) -> Answer | None:
        return self.send(str(uuid4()), f"V{next(iter(self.numbers)):08d}")

    def timed(self, how_many: int) -> list[float]:
        """Seconds of each of so many check-ins, one after the other; every one has to be acknowledged."""
        seconds = []
        for _number in range(how_many):
            answer = self.next_one()
            assert answer is not None
            assert answer.status == 201, answer.text
            seconds.append(answer.seconds)
        return sorted(seconds)


@pytest.fixture(scope="module")
def doors(postgres: OwnPostgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    addresses = {"DATABASE_URL": postgres.url(), "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
    server = Server(tmp_path_factory.mktemp("server"), addresses)
    try:
        server.manage("migrate", "--verbosity", "0")
        seed = json.loads(server.manage("shell", "--no-imports", "-c", SEED))
        found = Doors(server.start(), seed["event"], seed["secret"], numbers=count(1))
        found.kiosk = seed["kiosk"]
        yield found
    finally:
        server.kill()


def at_once(acts: list[Callable[[], Answer | None]]) -> list[Answer | None]:
    results: list[Answer | None] = []
    threads = [threading.Thread(target=lambda act: results.append(act()), args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def assert_says_so_in_time(answer: Answer | None) -> None:
    assert answer is not None
    assert (answer.status, answer.seconds <= IN_TIME) == (503, True), (answer.seconds, answer.text)
    assert int(answer.headers["retry-after"]) > 0
    assert "try again" in answer.text
    assert "Traceback" not in answer.text


def assert_all_doors_say_so(doors: Doors) -> None:
    """More check-ins than there are threads, a kiosk's page and the probes, while there is no database."""
    asked = [(str(uuid4()), f"V{next(iter(doors.numbers)):08d}") for _number in range(12)]

    answers = at_once([partial(doors.send, *who) for who in asked])
    page, ready, alive = doors.kiosk_page(), doors.server.ask("GET", "/readyz"), doors.server.ask("GET", "/healthz")

    for answer in [*answers, page]:
        assert_says_so_in_time(answer)
    assert "text/html" in page.headers["content-type"]
    assert (ready.status, ready.seconds <= IN_TIME) == (503, True)
    assert (alive.status, alive.seconds < 1) == (200, True)
    assert {operation for operation, _number in asked} <= set(doors.account.unknown)


def assert_back_without_a_stale_connection(doors: Doors) -> None:
    """Every request works from the first readiness on, and what was asked during the outage has one effect."""
    wait_until(lambda: doors.server.ask("GET", "/readyz").status == 200, "coming back", seconds=6)
    doors.timed(20)
    asked = dict(doors.account.unknown)
    doors.settle()
    stored = read(doors.server)

    assert doors.kiosk_page().status == 200
    assert set(asked) <= set(doors.account.acked)
    assert broken_promises(doors.account, stored) == []
    assert sorted(stored.attendees) == sorted(set(doors.account.acked.values()))


def test_while_the_database_is_gone_people_are_told_and_then_all_works(postgres: OwnPostgres, doors: Doors) -> None:
    doors.timed(3)

    postgres.kill()
    try:
        assert_all_doors_say_so(doors)
        # Long enough for pauses between attempts to grow, if they did.
        for _time in range(3):
            assert_says_so_in_time(doors.next_one())
    finally:
        postgres.start()

    assert_back_without_a_stale_connection(doors)


def test_while_the_database_is_frozen_people_are_told_and_then_all_works(postgres: OwnPostgres, doors: Doors) -> None:
    doors.timed(3)

    postgres.freeze()
    try:
        assert_all_doors_say_so(doors)
        assert_all_doors_say_so(doors)
    finally:
        postgres.thaw()

    assert_back_without_a_stale_connection(doors)


def test_after_a_quick_restart_of_the_database_no_request_meets_a_stale_connection(
    postgres: OwnPostgres, doors: Doors
) -> None:
    for _time in range(3):
        at_once([doors.next_one] * 8)
    assert doors.account.unknown == {}

    postgres.kill()
    postgres.start()

    doors.timed(20)


@pytest.mark.parametrize("trouble", ["frozen", "killed"])
def test_check_ins_go_on_while_redis_is_away(trouble: str, doors: Doors, redis: Redis) -> None:
    doors.timed(5)
    logged = len(doors.server.log.read_text())

    if trouble == "frozen":
        redis.signal(signal.SIGSTOP)
    else:
        redis.kill()
    try:
        api, kiosk = doors.timed(40), kiosk_check_ins(doors, 8)
        ready = doors.server.ask("GET", "/readyz")
    finally:
        if trouble == "frozen":
            redis.signal(signal.SIGCONT)
        else:
            redis.start()

    assert (api[37] <= P95, kiosk[-1] <= P95) == (True, True), (api, kiosk)
    assert ready.status == 200
    assert "Traceback" not in doors.server.log.read_text()[logged:]


def kiosk_check_ins(doors: Doors, how_many: int) -> list[float]:
    """Seconds of each check-in at the kiosk's page, sorted; every one has to be welcomed."""
    cookie = {"Cookie": f"{settings.DEVICE_COOKIE_NAME}={doors.kiosk}; {settings.CSRF_COOKIE_NAME}={'a' * 32}"}
    headers = cookie | {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": "a" * 32}
    seconds = []
    for _number in range(how_many):
        form = f"entry=V{next(iter(doors.numbers)):08d}&operation_id={uuid4()}"
        started = time.monotonic()
        answer = doors.server.ask("POST", f"/kiosk/{doors.event}/check-in/", form, headers)
        seconds.append(time.monotonic() - started)
        assert answer.status == 201, answer.text
    return sorted(seconds)
