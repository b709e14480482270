from pathlib import Path

import pytest
from django.core.checks.registry import registry
from pytest_django.fixtures import Settings

from checkin_project.platform import checks
from checkin_project.platform.tests.processes import environment, manage
from checkin_project.platform.tests.test_settings import PRODUCTION


def _ids() -> set[str]:
    """What our own registered checks say; Django's have their own tests."""
    ours = [
        check for check in registry.get_checks(include_deployment_checks=True) if check.__module__ == checks.__name__
    ]
    assert len(ours) == 6
    return {str(message.id) for check in ours for message in check(app_configs=None, databases=None)}


def _make_good(settings: Settings) -> None:
    settings.SITE_URL = "https://check.example.org"
    settings.ALLOWED_HOSTS = ["check.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.TRUSTED_PROXIES = 1
    settings.METRICS_TOKEN = ""
    settings.DEMO = False


def test_the_documented_production_environment_has_no_issue(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=environment(tmp_path, **PRODUCTION))

    assert (done.returncode, done.stderr) == (0, "")


def test_good_settings_raise_none_of_our_warnings(settings: Settings) -> None:
    _make_good(settings)

    assert _ids() == set()


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("SITE_URL", "http://check.example.org", "checkin.W001"),
        ("SITE_URL", "https://localhost", "checkin.W002"),
        ("SITE_URL", "https://127.0.0.1:8000", "checkin.W002"),
        ("ALLOWED_HOSTS", ["*"], "checkin.W003"),
        ("TRUSTED_PROXIES", 0, "checkin.W004"),
        ("METRICS_TOKEN", "short", "checkin.W006"),
        ("DEMO", True, "checkin.W007"),
    ],
)
def test_each_weak_setting_is_named(settings: Settings, name: str, value: object, identifier: str) -> None:
    _make_good(settings)
    setattr(settings, name, value)

    assert _ids() == {identifier}


def test_a_careless_sqlite_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _make_good(settings)
    settings.SQLITE = True
    careless = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", careless)

    assert _ids() == {"checkin.W005"}
