import ast
import json
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from checkin_project.platform.tests.processes import environment

ROOT: Path = settings.BASE_DIR
READERS = {"_choice", "_yes_no", "_whole_number"}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": string.ascii_letters,
    "QR_SIGNING_KEYS": string.ascii_letters[::-1],
    "SITE_URL": "https://check.example.org",
    "DATABASE_URL": "postgresql://checkin:secret@db.example.org:5432/checkin",
    "TRUSTED_PROXIES": "1",
}


def _read_by_settings() -> set[str]:
    """Names of the variables that settings.py asks for, wherever the call breaks its lines."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "checkin_project/settings.py").read_text())):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        called = node.func
        own = isinstance(called, ast.Name) and called.id in READERS
        environ = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "env"
        if own or environ:
            names.add(str(node.args[0].value))
    return names


def _listed(path: str) -> set[str]:
    return set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / path).read_text(), re.MULTILINE))


def _values(folder: Path, *names: str, **variables: str) -> dict[str, Any]:
    """Settings as a fresh process with these variables sees them."""
    wanted = ", ".join(f"{name!r}: getattr(settings, {name!r}, None)" for name in names)
    script = f"import json; from django.conf import settings; print(json.dumps({{{wanted}}}, default=str))"
    env = environment(folder, DJANGO_SETTINGS_MODULE="checkin_project.settings", **variables)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_example_lists_every_variable_and_no_other() -> None:
    assert _listed(".env.example") == _read_by_settings()


def test_no_other_module_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for app in ("checkin_project", "members", "events", "attendance")
        for path in (ROOT / app).rglob("*.py")
        if "tests" not in path.parts and re.search(r"os\.environ\b|os\.getenv", path.read_text())
    ]

    # The two entries name the settings module, which is Django's own variable.
    assert sorted(readers) == ["checkin_project/asgi.py", "checkin_project/settings.py", "checkin_project/wsgi.py"] or (
        sorted(readers) == ["checkin_project/asgi.py", "checkin_project/wsgi.py"]
    )


def test_sqlite_is_durable_and_queues_writers(tmp_path: Path) -> None:
    database = _values(tmp_path, "DATABASES")["DATABASES"]["default"]

    assert database["NAME"] == str(tmp_path / "checkin.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_pooled_health_checked_and_may_ask_for_tls(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://checkin:secret@db.example.org:6432/door?sslmode=require"

    database = _values(tmp_path, "DATABASES", DATABASE_URL=url, THREADS="4")["DATABASES"]["default"]

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.org", 6432, "door")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 9
    assert database["ENGINE"] == "checkin_project.platform.postgresql"


def test_a_transaction_pooler_switches_prepared_statements_off(tmp_path: Path) -> None:
    variables = {"DATABASE_URL": "postgresql://u:p@h/n", "DATABASE_TRANSACTION_POOLER": "true"}

    database = _values(tmp_path, "DATABASES", **variables)["DATABASES"]["default"]

    assert database["OPTIONS"]["prepare_threshold"] is None
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_redis_serves_the_cache_when_given(tmp_path: Path) -> None:
    without = _values(tmp_path, "CACHES")
    given = _values(tmp_path, "CACHES", REDIS_URL="redis://127.0.0.1:6379/3")

    assert "locmem" in without["CACHES"]["default"]["BACKEND"]
    assert "redis" in given["CACHES"]["default"]["BACKEND"]


def test_production_is_strict(tmp_path: Path) -> None:
    names = (
        "ALLOWED_HOSTS",
        "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "LOG_FORMAT",
        "DEBUG",
    )

    found = _values(tmp_path, *names, **PRODUCTION)

    assert found == {
        "ALLOWED_HOSTS": ["check.example.org"],
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "LOG_FORMAT": "json",
        "DEBUG": False,
    }


def test_the_local_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = _values(tmp_path, "SECRET_KEY", "QR_SIGNING_KEYS")
    second = _values(tmp_path, "SECRET_KEY", "QR_SIGNING_KEYS")

    assert first == second
    assert len(first["SECRET_KEY"]) > 50
    assert len(first["QR_SIGNING_KEYS"]) == 1
    assert first["QR_SIGNING_KEYS"] != [first["SECRET_KEY"]]
    files = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert files == {"secret-key": 0o600, "qr-signing-key": 0o600}


def test_several_keys_of_event_codes_are_separated_by_commas(tmp_path: Path) -> None:
    found = _values(tmp_path, "QR_SIGNING_KEYS", **PRODUCTION | {"QR_SIGNING_KEYS": f"{'n' * 50}, {'o' * 50},"})

    assert found == {"QR_SIGNING_KEYS": ["n" * 50, "o" * 50]}


BUCKET = {
    "AWS_STORAGE_BUCKET_NAME": "club",
    "AWS_S3_ENDPOINT_URL": "https://s3.example.org",
    "AWS_S3_REGION_NAME": "eu-central-1",
    "AWS_S3_ADDRESSING_STYLE": "path",
    "AWS_ACCESS_KEY_ID": "AK",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_BACKUPS_PREFIX": "/site/backups/",
}


def test_exports_and_backups_are_kept_in_private_folders_by_default(tmp_path: Path) -> None:
    found = _values(tmp_path, "STORAGES")["STORAGES"]

    for alias in ("exports", "backups"):
        assert found[alias] == {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": str(tmp_path / alias),
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }


def test_with_a_bucket_exports_and_backups_go_there(tmp_path: Path) -> None:
    found = _values(tmp_path, "STORAGES", **BUCKET)["STORAGES"]

    shared = {
        "bucket_name": "club",
        "endpoint_url": "https://s3.example.org",
        "region_name": "eu-central-1",
        "addressing_style": "path",
        "access_key": "AK",
        "secret_key": "secret",
    }
    assert found["exports"] == {
        "BACKEND": "checkin_project.platform.buckets.Bucket",
        "OPTIONS": shared | {"location": "exports"},
    }
    assert found["backups"]["OPTIONS"] == shared | {"location": "site/backups"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"AWS_S3_ENDPOINT_URL": "s3.example.org"},
            "AWS_S3_ENDPOINT_URL is 's3.example.org', but must be an address such as https://s3.example.org.",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": ""},
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both, or neither of them.",
        ),
        (
            {"AWS_S3_ADDRESSING_STYLE": "odd"},
            "AWS_S3_ADDRESSING_STYLE is 'odd', but must be one of: auto, path, virtual.",
        ),
    ],
)
def test_a_wrong_bucket_setting_is_one_clear_sentence(tmp_path: Path, wrong: dict[str, str], sentence: str) -> None:
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="checkin_project.settings", **BUCKET | wrong)

    done = subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; settings.STORAGES"],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.strip().splitlines()[-1].split(": ", 1)[1]) == (1, sentence)


def test_without_a_bucket_nothing_of_amazons_library_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys, django; django.setup(); import checkin_project.asgi;"
        "from django.core.files.storage import storages; storages['exports'];"
        "print([name for name in sys.modules if name.split('.')[0] in ('boto3', 'botocore', 's3transfer')])"
    )
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="checkin_project.settings")

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
