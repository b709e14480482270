"""The command, from outside: what it prints, writes and returns; and what is left when it is killed."""

import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from checkin_project.platform.sheets import Row, open_sheet
from members.models import Member

TABLES = ("members", "members_history", "member_words")
GOOD = "1,Ana Cruz,V00000001"


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    path = tmp_path / "members.csv"
    path.write_text(f"id,name,v_number\n{GOOD}\n2,Ben Brown,V12\n3,Ana Cruz,\n")
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command("import_members", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_bad_rows_are_named_and_the_good_ones_written(legacy: Path) -> None:
    code, out, err = run(legacy)

    assert code == 1
    assert "line 3, v_number: A V-number is a V and 8 or 9 digits, for example V01234567.\n" in err
    assert "line 4: Ana Cruz is new, but likely the same as Ana Cruz (line 2; same name)\n" in out
    assert "3 rows: 2 new, 0 changed, 0 same, 0 repeated, 1 with problems\n" in out
    assert Member.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("option", ["--dry-run", "--strict"])
def test_nothing_is_written_by_a_dry_run_or_strictly_with_a_bad_row(legacy: Path, option: str) -> None:
    code, out, _err = run(legacy, option)

    assert code == 1
    assert "othing was written." in out
    assert not Member.objects.exists()


@pytest.mark.django_db
def test_a_file_without_problems_returns_nothing_to_complain_about(legacy: Path) -> None:
    legacy.write_text(f"id,name,v_number\n{GOOD}\n")

    first, second = run(legacy, "--strict"), run(legacy)

    assert first == (0, "1 rows: 1 new, 0 changed, 0 same, 0 repeated, 0 with problems\n", "")
    assert second == (0, "1 rows: 0 new, 0 changed, 1 same, 0 repeated, 0 with problems\n", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "line 1: The file is empty."), (b"PK\x03\x04", "Excel workbook"), (None, "cannot be opened")],
)
def test_a_file_that_cannot_be_read_returns_two(legacy: Path, content: bytes | None, sentence: str) -> None:
    if content is None:
        legacy.unlink()
    else:
        legacy.write_bytes(content)

    code, _out, err = run(legacy)

    assert code == 2
    assert sentence in err


@pytest.mark.django_db
def test_headings_without_rows_are_said_to_be_so(legacy: Path) -> None:
    legacy.write_text("id,name\n\n")

    code, out, _err = run(legacy)

    assert (code, out.splitlines()[0]) == (0, "line 1: The file has headings but no rows.")


@pytest.mark.django_db
def test_the_report_is_a_sheet_of_the_problems_and_runs_no_formula(legacy: Path, tmp_path: Path) -> None:
    legacy.write_text("id,name,v_number\n2,Ben Brown,=1+1\n")
    report = tmp_path / "problems.csv"

    run(legacy, "--report", report)

    with open_sheet(report) as sheet:
        rows = [item.cells for item in sheet if isinstance(item, Row)]
    assert sheet.header == ("line", "column", "value", "reason")
    assert [cells[:3] for cells in rows] == [("2", "v_number", "=1+1")]
    assert "'=1+1" in report.read_text()


def test_killed_in_the_middle_of_writing_leaves_nothing(tmp_path: Path) -> None:
    database, file = tmp_path / "killed.sqlite3", tmp_path / "members.csv"
    lines = (f"{number},Mia{number} Wood{number},V{number:08d}" for number in range(10_000))
    file.write_text("\n".join(["id,name,v_number", *lines]))
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}", "VAR_DIR": str(tmp_path)}
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    subprocess.run([*manage, "migrate", "-v", "0"], env=environment, check=True, capture_output=True)  # noqa: S603
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    importing = subprocess.Popen([*manage, "import_members", str(file)], env=environment)  # noqa: S603
    journal = database.with_name(f"{database.name}-wal")
    while importing.poll() is None and not (journal.exists() and journal.stat().st_size > 500_000):
        time.sleep(0.005)
    importing.send_signal(signal.SIGKILL)

    assert importing.wait() == -signal.SIGKILL, "it was done before it could be killed"
    with sqlite3.connect(database) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES]  # noqa: S608
    connection.close()
    assert counts == [0, 0, 0]
