from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from checkin_project.platform import health, migrationstate
from checkin_project.platform.access import Role
from checkin_project.platform.models import Worker
from checkin_project.platform.tests.factories import make_user


def test_the_process_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_ready_means_written_migrated_and_durable(client: Client) -> None:
    response = client.get("/readyz")

    body = response.json()
    assert body["status"] == "ready", body
    assert [name for name, check in body["checks"].items() if check["ok"] and check["ms"] >= 0][:3] == [
        "write",
        "migrations",
        "durability",
    ]
    assert not Session.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_by_any_address_and_without_tls(client: Client, settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["check.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]

    response = client.get(path, headers={"host": "10.1.2.3:8000"})

    assert response.status_code in (200, 503)


@pytest.mark.django_db
def test_a_missing_migration_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrationstate, "_complete", set())
    MigrationRecorder(connection).migration_qs.filter(app="attendance").delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "migrations are missing" in response.json()["checks"]["migrations"]["detail"]


def test_a_lost_database_is_not_ready_and_its_words_stay_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> str:
        raise OperationalError("password authentication failed for user checkin")

    check = health._ask("write", lost)

    assert (check.ok, check.detail) == (False, "failed (OperationalError)")


def test_a_lost_database_is_asked_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> str:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(health, "check_write", lost)
    checks = health.readiness()

    assert [(check.name, check.ok, check.detail) for check in checks[:3]] == [
        ("write", False, "failed (OperationalError)"),
        ("migrations", False, "not asked"),
        ("durability", False, "not asked"),
    ]


@pytest.mark.parametrize(
    ("found", "trouble"),
    [
        ({"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}, ""),
        ({"fsync": "on", "full_page_writes": "on", "synchronous_commit": "remote_apply"}, ""),
        ({"fsync": "off", "full_page_writes": "on", "synchronous_commit": "on"}, "fsync=off"),
        (
            {"fsync": "on", "full_page_writes": "off", "synchronous_commit": "off"},
            "full_page_writes=off, synchronous_commit=off",
        ),
    ],
)
def test_postgresql_must_keep_what_it_acknowledges(found: dict[str, str], trouble: str) -> None:
    assert health.postgres_trouble(found) == trouble


@pytest.mark.parametrize(
    ("journal", "synchronous", "trouble"),
    [
        ("wal", 2, ""),
        ("wal", 3, ""),
        ("wal", 1, "synchronous=normal"),
        ("delete", 0, "journal_mode=delete, synchronous=off"),
    ],
)
def test_sqlite_must_keep_what_it_acknowledges(journal: str, synchronous: int, trouble: str) -> None:
    assert health.sqlite_trouble(journal, synchronous) == trouble


@pytest.mark.django_db(transaction=True)
def test_a_lost_redis_is_said_and_does_not_stop_the_doors(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["checks"]["redis"]["ok"] is False


@pytest.mark.django_db
def test_metrics_exist_for_administrators_and_the_collector_only(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "m" * 40
    stranger = client.get("/metrics").status_code
    guessed = client.get("/metrics", headers={"authorization": "Bearer " + "n" * 40}).status_code
    collector = client.get("/metrics", headers={"authorization": "Bearer " + "m" * 40})
    client.force_login(make_user(role=Role.ORGANISER), backend="checkin_project.platform.signin.RoleBackend")
    organiser = client.get("/metrics").status_code
    client.force_login(make_user(role=Role.ADMINISTRATOR), backend="checkin_project.platform.signin.RoleBackend")

    administrator = client.get("/metrics").status_code

    assert (stranger, guessed, organiser) == (404, 404, 404)
    assert (collector.status_code, administrator) == (200, 200)
    assert b"checkin_http_seconds_bucket" in collector.content


@pytest.mark.django_db
def test_an_empty_metrics_token_opens_nothing(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "detail"),
    [
        (None, "no worker runs; `manage.py serve` or `manage.py work` starts one"),
        (4, "ok"),
        (12, "no worker has been heard of for 12 minutes"),
    ],
)
def test_a_missing_worker_is_told_and_decides_nothing(client: Client, minutes: int | None, detail: str) -> None:
    if minutes is not None:
        seen = timezone.now() - timedelta(minutes=minutes)
        Worker.objects.create(name="w", started_at=seen, seen_at=seen)

    checks = {check.name: check for check in health.readiness()}

    assert (checks["worker"].detail, checks["worker"].needed) == (detail, False)
