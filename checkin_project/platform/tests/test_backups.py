"""Backups made, spoilt, and put back for real, into the database that the tests run on."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings

from checkin_project.platform.backups import engine, keeping, making, postgres, restoring, sealing
from checkin_project.platform.backups.contents import differences
from checkin_project.platform.backups.manifest import BackupError, Contents, new_name
from checkin_project.platform.models import Backup, ScheduledJob, User
from checkin_project.platform.tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pg_dump]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where backups are kept in this test."""
    settings.VAR_DIR = tmp_path
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "kept"},
    }
    settings.STORAGES = settings.STORAGES | {"backups": place}
    return tmp_path / "kept"


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> Path:
    """The file with the private key; backups are sealed for its public one."""
    private = tmp_path / "private"
    settings.BACKUP_PUBLIC_KEYS = [sealing.make_keys(private)]
    return private


def _run(*arguments: Any) -> str:
    from io import StringIO

    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def _names() -> list[str]:
    return sorted(User.objects.values_list("username", flat=True))


def _spoil(file: Path, how: str) -> None:
    raw = file.read_bytes()
    middle = len(raw) // 2
    changed = bytes([raw[middle] ^ 1])
    file.write_bytes(
        {"cut": raw[:-20], "longer": raw + b"x", "altered": raw[:middle] + changed + raw[middle + 1 :], "empty": b""}[
            how
        ]
    )


def test_a_backup_comes_back_whole() -> None:
    make_user(username="ana")
    make_user(username="ben")
    backup = making.make(NOW)
    User.objects.filter(username="ben").delete()
    make_user(username="cleo")

    said = _run("restore", backup.name, "--force", "--yes")

    assert _names() == ["ana", "ben"]
    assert "Restored:" in said
    assert "Everybody has to sign in again." in said
    assert "migrate" not in said


def test_a_backup_says_what_it_holds_and_is_remembered(folder: Path) -> None:
    make_user(username="ana")

    said = _run("backup", "--verify")

    row = Backup.objects.get()
    manifest = keeping.manifest_of(row.name)
    assert manifest.contents.tables["users"].rows == 1
    assert (row.size, row.sha256, row.encrypted, row.problem) == (manifest.size, manifest.sha256, False, "")
    assert row.verified_at is not None
    assert "restored and compared" in said
    assert sorted(path.name for path in folder.iterdir()) == [row.name, f"{row.name}.json"]
    assert "ana" not in (folder / f"{row.name}.json").read_text()


def test_it_is_what_the_databases_own_tools_read(folder: Path, tmp_path: Path) -> None:
    make_user(username="ana")

    name = making.make(NOW).name

    if configured.SQLITE:
        import gzip

        plain = tmp_path / "own.sqlite3"
        plain.write_bytes(gzip.decompress((folder / name).read_bytes()))
        with sqlite3.connect(plain) as database:
            assert database.execute("SELECT username FROM users").fetchall() == [("ana",)]
    else:
        assert (folder / name).read_bytes().startswith(b"PGDMP")


def test_a_spoilt_file_is_noticed_before_anything_is_touched(folder: Path) -> None:
    make_user(username="ana")
    backup = making.make(NOW)
    make_user(username="ben")
    whole = (folder / backup.name).read_bytes()

    for how in ("cut", "longer", "altered", "empty"):
        (folder / backup.name).write_bytes(whole)
        _spoil(folder / backup.name, how)
        with pytest.raises(CommandError, match="The backup is damaged"):
            _run("restore", backup.name, "--force", "--yes")
        with pytest.raises(CommandError, match="The backup is damaged"):
            _run("verify_backup")

    row = Backup.objects.get()
    assert _names() == ["ana", "ben"]
    assert row.verified_at is None
    assert row.problem.startswith("The backup is damaged")


def test_a_file_that_breaks_in_the_middle_changes_nothing(folder: Path) -> None:
    """The checksum is made to fit, so that the database's own tools meet the damage."""
    make_user(username="ana")
    backup = making.make(NOW)
    make_user(username="ben")
    file = folder / backup.name
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) * 2 // 3])
    manifest = json.loads((folder / backup.file_name).read_text())
    manifest |= {"size": file.stat().st_size, "sha256": keeping.sum_of(file)}
    (folder / backup.file_name).write_text(json.dumps(manifest))

    with pytest.raises(CommandError, match=r"damaged|refused"):
        _run("restore", backup.name, "--force", "--yes")

    assert _names() == ["ana", "ben"]


def test_a_full_database_is_not_overwritten_by_accident() -> None:
    make_user(username="ana")
    backup = making.make(NOW)

    with pytest.raises(CommandError, match=r"The database is not empty: .*users.*--force"):
        _run("restore", backup.name, "--yes")

    User.objects.all().delete()
    assert "Restored:" in _run("restore", backup.name, "--yes")
    assert _names() == ["ana"]


def test_it_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(username="ana")
    backup = making.make(NOW)
    User.objects.all().delete()
    answers = iter(["", "no", "restore"])
    monkeypatch.setattr("builtins.input", lambda: next(answers))

    for _time in range(2):
        with pytest.raises(CommandError, match="Nothing was changed"):
            _run("restore", backup.name)
        assert _names() == []
    _run("restore", "latest")

    assert _names() == ["ana"]


def test_an_encrypted_backup_opens_for_its_key_only(folder: Path, tmp_path: Path, keys: Path) -> None:
    make_user(username="ana")
    backup = making.make(NOW)
    other = tmp_path / "other"
    sealing.make_keys(other)
    User.objects.all().delete()

    for key, reason in (
        ([], "is encrypted"),
        (["--key", other], "does not fit"),
        (["--key", folder], "cannot be read"),
    ):
        with pytest.raises(CommandError, match=reason):
            _run("restore", backup.name, "--yes", *key)
    said = _run("verify_backup", "--key", keys)
    _run("restore", backup.name, "--yes", "--key", keys)

    assert (folder / backup.name).read_bytes().startswith(b"age-encryption.org/v1")
    assert backup.name.endswith(".age")
    assert "comes back as it was" in said
    assert _names() == ["ana"]


def test_a_private_key_is_never_replaced_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    said = _run("backup_key", tmp_path / "key")

    with pytest.raises(CommandError, match="never replaced"):
        _run("backup_key", tmp_path / "key")

    assert said.startswith("BACKUP_PUBLIC_KEYS=age1")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_public_key_that_is_none_is_refused_before_anything_is_made(folder: Path, settings: Settings) -> None:
    settings.BACKUP_PUBLIC_KEYS = ["age1nonsense"]

    with pytest.raises(CommandError, match="no public key"):
        _run("backup")

    assert not folder.exists()


def test_verifying_compares_and_does_not_believe(folder: Path) -> None:
    make_user(username="ana")
    backup = making.make(NOW)
    manifest = json.loads((folder / backup.file_name).read_text())
    manifest["contents"]["tables"]["users"]["rows"] = 2
    (folder / backup.file_name).write_text(json.dumps(manifest))

    with pytest.raises(CommandError, match="Table users has 1 rows instead of 2"):
        _run("verify_backup")

    assert Backup.objects.get().problem.startswith("What came out of the backup is not what went in")


def test_a_damaged_manifest_is_one_sentence(folder: Path) -> None:
    backup = making.make(NOW)

    for raw in (b"", b"{}", b"[]", b'{"format": 1, "name": "x"}', b"\xff"):
        (folder / backup.file_name).write_bytes(raw)
        with pytest.raises(CommandError, match="says what has to be inside, is damaged"):
            _run("verify_backup", folder / backup.name)


def test_what_is_not_there_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lonely.dump").write_bytes(b"x")

    for name, reason in (
        ("nothing", "There is no file nothing"),
        ("/nowhere/at/all", "There is no file"),
        (str(tmp_path / "lonely.dump"), r"lonely.dump.json is missing"),
        ("latest", "There is no file latest"),
    ):
        with pytest.raises(CommandError, match=reason):
            _run("restore", name, "--yes")
    with pytest.raises(CommandError, match="There is no backup yet"):
        _run("verify_backup")


def test_a_file_from_elsewhere_is_put_back_too(folder: Path, tmp_path: Path) -> None:
    make_user(username="ana")
    backup = making.make(NOW)
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    shutil.rmtree(folder)
    User.objects.all().delete()

    _run("restore", str(moved / backup.name), "--yes")

    assert _names() == ["ana"]


def test_what_was_going_on_is_over_after_a_restore() -> None:
    Session.objects.create(session_key="s" * 32, session_data="", expire_date=timezone.now())
    DBTaskResult.objects.create(task_path="nothing", run_after=timezone.now(), args_kwargs={})
    ScheduledJob.objects.create(name="sweep", worker="w", started_at=NOW)
    backup = making.make(NOW)

    _run("restore", backup.name, "--force", "--yes")

    task = DBTaskResult.objects.get()
    assert not Session.objects.exists()
    assert (task.status, task.finished_at is not None) == ("FAILED", True)
    assert "was not begun again" in task.traceback
    assert ScheduledJob.objects.get().worker == ""


def test_backups_of_another_database_or_a_newer_version_are_refused() -> None:
    here = making.make(NOW)
    other = "postgresql" if configured.SQLITE else "sqlite"
    migrations = (*here.contents.migrations, "attendance.0099_from_the_future")

    def problem(**changes: Any) -> str:
        from dataclasses import replace

        return restoring.problem_with(replace(here, **changes), Contents({}, ()), force=True)

    assert problem() == ""
    assert problem(engine=other) == f"The backup is of {other}, but DATABASE_URL names {engine.name()}."
    assert "made by a newer version (it has attendance.0099_from_the_future)" in problem(
        contents=Contents(here.contents.tables, migrations)
    )
    assert problem(contents=Contents({}, ("axes.0001_forgotten",))) == ""


def test_a_failing_storage_is_told_in_words(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")

    with pytest.raises(CommandError, match=r"The storage failed"):
        _run("backup")

    assert not Backup.objects.exists()


@pytest.mark.skipif(not configured.SQLITE, reason="about SQLite's one writer")
def test_a_copy_neither_waits_for_a_writer_nor_sees_half_of_what_it_writes() -> None:
    make_user(username="ana")
    connection.close()
    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE users SET username = 'half'")
    try:
        with keeping.workroom() as room:
            inside = engine.write_out(room / "data", scratch=room, checksums=False)
            names = engine.try_out(room / "data", scratch=room, checksums=False)
    finally:
        writer.execute("ROLLBACK")
        writer.close()

    assert differences(inside, names) == []
    assert _names() == ["ana"]


@pytest.mark.postgres
def test_trying_out_leaves_no_database_behind() -> None:
    making.make(NOW, verify=True)

    with postgres.connect() as database:
        left = database.execute("SELECT datname FROM pg_database WHERE datname LIKE 'checkin_verify_%'").fetchall()

    assert left == []


@pytest.mark.postgres
def test_a_table_in_use_is_waited_for_and_then_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 1)
    make_user(username="ana")
    backup = making.make(NOW)
    make_user(username="ben")
    with postgres.connect() as reader:
        reader.execute("SELECT * FROM users").fetchall()

        with pytest.raises(CommandError, match=r"nothing was changed: .*lock timeout"):
            _run("restore", backup.name, "--force", "--yes")

    assert _names() == ["ana", "ben"]


@pytest.mark.postgres
def test_without_the_right_to_try_it_out_a_backup_is_kept_all_the_same() -> None:
    before, password = connection.settings_dict["USER"], connection.settings_dict["PASSWORD"]
    with postgres.connect() as database:
        database.execute(f"CREATE ROLE drill_clerk LOGIN {f'PASSWORD {password!r}' if password else ''}")
        database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO drill_clerk")
        database.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO drill_clerk")
    connection.settings_dict["USER"] = "drill_clerk"
    try:
        with pytest.raises(BackupError, match="ALTER ROLE drill_clerk CREATEDB"):
            making.make(NOW, verify=True)
    finally:
        connection.settings_dict["USER"] = before
        with postgres.connect() as database:
            database.execute("DROP OWNED BY drill_clerk; DROP ROLE drill_clerk")

    row = Backup.objects.get()
    assert (row.verified_at, row.problem) == (None, "")
    assert keeping.names() == [row.name]


@pytest.mark.postgres
def test_the_password_is_no_argument_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "s3cret")

    assert "s3cret" not in postgres._where()
    assert postgres._environment()["PGPASSWORD"] == "s3cret"
    assert postgres._without_password('role "x" s3cret') == 'role "x" …'


@pytest.mark.postgres
def test_checksums_notice_a_changed_row_that_counts_alike() -> None:
    make_user(username="ana")
    before = postgres.inspect(checksums=True)
    again = postgres.inspect(checksums=True)
    User.objects.update(username="eva")

    assert differences(before, again) == []
    assert differences(before, postgres.inspect(checksums=True)) == ["The rows of table users are not the same ones."]


def test_what_is_not_kept_is_deleted_with_its_row(folder: Path, settings: Settings) -> None:
    settings.BACKUP_KEEP_LATEST, settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS = 2, 0, 0

    made = [making.make(NOW + timedelta(minutes=minutes)).name for minutes in range(4)]

    assert keeping.names() == made[2:]
    assert sorted(Backup.objects.values_list("name", flat=True)) == sorted(made[2:])
    assert len(list(folder.iterdir())) == 4


def test_half_a_backup_is_none_and_goes_after_a_day(folder: Path) -> None:
    folder.mkdir()
    half = new_name("sqlite", at=NOW, sealed=False)
    (folder / half).write_bytes(b"half")
    (folder / "notes.txt").write_text("somebody's own")

    keeping.tidy(NOW + timedelta(hours=23))
    after_hours = sorted(path.name for path in folder.iterdir())
    keeping.tidy(NOW + timedelta(hours=25))

    assert keeping.names() == []
    assert after_hours == sorted([half, "notes.txt"])
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_backups_made_after_the_one_that_was_put_back_are_known_again() -> None:
    first = making.make(NOW)
    second = making.make(NOW + timedelta(minutes=15))
    _run("restore", first.name, "--force", "--yes")

    keeping.remember()

    assert sorted(Backup.objects.values_list("name", flat=True)) == sorted([first.name, second.name])
