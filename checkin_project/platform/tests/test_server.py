"""`manage.py serve` as people start it: a real process, a real port."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from shutil import copyfile

import pytest
from django.conf import settings

from checkin_project.platform import server
from checkin_project.platform.tests.processes import environment, free_port, manage, serving
from checkin_project.platform.tests.test_settings import PRODUCTION


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose embedded database is up to date; copied, never used itself."""
    folder = tmp_path_factory.mktemp("migrated")
    done = manage("migrate", "--verbosity", "0", env=environment(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Path:
    copyfile(migrated / "checkin.sqlite3", tmp_path / "checkin.sqlite3")
    return tmp_path


def _get(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def _assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(part in done.stderr for part in parts), done.stderr


def test_one_command_migrates_fills_and_serves_and_a_second_keeps_everything(tmp_path: Path) -> None:
    env = environment(tmp_path, PORT=str(free_port()))
    port = int(env["PORT"])

    with serving("--migrate", "--demo", env=env) as (_process, first):
        ready = _get(port, "/readyz")
        page = _get(port, "/")
    with serving("--migrate", "--demo", env=env) as (_process, second):
        again = _get(port, "/")

    assert f"Site: http://localhost:{port}/" in first
    assert f"Kiosk: http://localhost:{port}/kiosk/" in first
    assert f"Admin: http://localhost:{port}/admin/" in first
    assert re.search(r"Sign in as demo with the password \S{12,}", first)
    assert "printed the first time" in second
    assert (ready[0], page[0], again[0]) == (200, 200, 200)
    assert b"Chess night" in again[2]
    assert "uvicorn" not in str(page[1]).lower()


def test_a_port_in_use_is_one_sentence(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = manage("serve", env=environment(folder, PORT=str(port)))

    _assert_one_sentence(done, 1, f"Port {port} is in use", f"PORT={port + 1}")


def test_missing_migrations_are_one_sentence_with_the_command(tmp_path: Path) -> None:
    done = manage("serve", env=environment(tmp_path, PORT=str(free_port())))

    _assert_one_sentence(done, 1, "migrations", "manage.py migrate")


@pytest.mark.parametrize(
    ("values", "code", "parts"),
    [
        ({"DATABASE_URL": "mysql://x"}, 2, ["DATABASE_URL must look like"]),
        ({"DATABASE_URL": "postgresql://u:p@127.0.0.1:nine/x"}, 2, ["DATABASE_URL"]),
        ({"DATABASE_URL": "postgresql://u:swordfish@127.0.0.1:1/x"}, 1, ["PostgreSQL", "cannot be reached"]),
        ({"REDIS_URL": "http://127.0.0.1"}, 2, ["REDIS_URL must look like"]),
        ({"PORT": "eighty"}, 2, ["PORT is 'eighty'"]),
        ({"HOST": "198.51.100.1"}, 1, ["HOST is '198.51.100.1'"]),
        ({"HOST": "no-such-host.invalid"}, 1, ["HOST is 'no-such-host.invalid'"]),
        ({"TIME_ZONE": "Mars/Olympus"}, 2, ["TIME_ZONE is 'Mars/Olympus'"]),
        ({"ENVIRONMENT": "production"}, 2, ["SITE_URL"]),
        ({"ENVIRONMENT": "production", "SITE_URL": "https://x.example.org"}, 2, ["SECRET_KEY is not set"]),
        (PRODUCTION | {"QR_SIGNING_KEYS": ""}, 2, ["QR_SIGNING_KEYS is not set"]),
        (PRODUCTION | {"QR_SIGNING_KEYS": "n" * 50 + ",short"}, 2, ["QR_SIGNING_KEYS is too short"]),
        ({"VAR_DIR": "/dev/null/x"}, 2, ["/dev/null"]),
    ],
)
def test_what_is_wrong_with_the_environment_is_one_sentence(
    folder: Path, values: dict[str, str], code: int, parts: list[str]
) -> None:
    done = manage("serve", env=environment(folder, PORT=str(free_port())) | values)

    _assert_one_sentence(done, code, *parts)
    assert "swordfish" not in done.stderr


def test_without_redis_the_doors_open_all_the_same_and_one_sentence_says_so(folder: Path) -> None:
    env = environment(folder, PORT=str(free_port())) | {"REDIS_URL": "redis://:swordfish@127.0.0.1:1/0"}

    with serving(env=env) as (_process, printed):
        assert "Redis in REDIS_URL cannot be reached at 127.0.0.1" in printed
        assert "swordfish" not in printed
        assert "Site: " in printed


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "checkin.sqlite3").write_text("this is a letter, not a database" * 100)

    done = manage("serve", env=environment(tmp_path, PORT=str(free_port())))

    _assert_one_sentence(done, 1, "SQLite", "not a database")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_when_nothing_is_under_way(folder: Path, stop: signal.Signals) -> None:
    env = environment(folder, PORT=str(free_port()))

    with serving(env=env) as (process, _printed):
        started = time.monotonic()
        process.send_signal(stop)
        code = process.wait(10)

    assert code in (0, -stop)
    assert time.monotonic() - started < 5


def test_a_big_static_file_arrives_whole_over_the_wire(folder: Path) -> None:
    env = environment(folder, PORT=str(free_port()))
    name = max((settings.BASE_DIR / "static").rglob("*.*"), key=lambda path: path.stat().st_size)

    with serving(env=env):
        status, headers, body = _get(int(env["PORT"]), f"/static/{name.relative_to(settings.BASE_DIR / 'static')}")

    assert (status, len(body), body == name.read_bytes()) == (200, int(headers["Content-Length"]), True)


def test_clients_that_leave_in_the_middle_leave_the_server_well(folder: Path) -> None:
    env = environment(folder, PORT=str(free_port()), THREADS="2")
    port = int(env["PORT"])

    with serving(env=env):
        for _number in range(20):
            with socket.create_connection(("127.0.0.1", port)) as half_a_body:
                half_a_body.sendall(b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nuser")
            with socket.create_connection(("127.0.0.1", port)) as no_reader:
                no_reader.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, _headers, _body = _get(port, "/readyz")

    assert status == 200


def test_an_answer_under_way_is_finished_before_the_end(folder: Path) -> None:
    env = environment(folder, PORT=str(free_port()))
    port = int(env["PORT"])

    with serving(env=env) as (process, _printed), socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        answer = b"".join(iter(lambda: slow.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 200")


def test_another_site_cannot_open_a_socket(folder: Path) -> None:
    env = environment(folder, PORT=str(free_port()))
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}

    with serving(env=env):
        status, _headers, _body = _get(
            int(env["PORT"]), "/ws/events/B2B2B2B2/", **handshake, **key, Origin="https://evil.example.org"
        )

    assert status == 403


def test_tablets_of_the_network_may_open_a_server_that_listens_everywhere(folder: Path) -> None:
    script = "from django.conf import settings; print(*settings.ALLOWED_HOSTS, settings.SITE_URL)"
    env = environment(folder, HOST="0.0.0.0", PORT="8219", DJANGO_SETTINGS_MODULE="checkin_project.settings")

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )

    *hosts, site = done.stdout.split()
    assert socket.gethostname() in hosts
    assert "*" not in hosts
    assert site != "http://0.0.0.0:8219"


def test_a_port_of_the_system_is_explained() -> None:
    sentence = server._why_not(PermissionError(13, os.strerror(13)), "127.0.0.1", 80)

    assert sentence == "Port 80 is reserved for the system: choose one above 1023 with PORT=8000."
