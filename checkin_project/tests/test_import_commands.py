"""The import commands from a terminal's point of view: options, progress, addresses, exit codes."""

import io
import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from attendance.models import Attendance
from checkin_project.platform.imports.sources import open_source
from checkin_project.platform.outbound import Guard, OutboundError
from events.models import Event, Group
from events.tests.factories import make_event
from members.models import Member
from members.tests.factories import make_member

NEWER = "event_id,member_id,checked_in_at,method"
JOINED = (
    "event_id,event_name,event_date,event_location,member_id,member_name,member_first_name,member_last_name,"
    "member_classification,member_major,member_student_email,member_personal_email,member_v_number,checked_in_at,method"
)
RUNS = "Runner Name,Run Date,Registration Time,Session ID,Attendance ID"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(name: str, *arguments: Any, out: io.StringIO | None = None) -> tuple[int, str, str]:
    out, err = out or io.StringIO(), io.StringIO()
    try:
        call_command(f"import_{name}", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() or str(error)
    return 0, out.getvalue(), err.getvalue()


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


@pytest.mark.django_db
def test_attendance_comes_in_by_command_and_what_does_not_is_named(tmp_path: Path) -> None:
    make_event(legacy_id="fair")
    make_member(legacy_id="7")
    file = write(tmp_path / "a.csv", NEWER, "fair,7,2024-09-03T18:00:00Z,verify", "fair,8,2024-09-03T18:00:00Z,verify")

    dry, code_and_more, again = run("attendance", file, "--dry-run"), run("attendance", file), run("attendance", file)

    reason = "line 3, member_id: Nobody on record has this, and the row does not say enough to add the person.\n"
    assert dry == (
        1,
        "2 rows: 1 new, 0 changed, 0 same, 0 repeated, 1 with problems\nDry run: nothing was written.\n",
        reason,
    )
    assert code_and_more == (1, "2 rows: 1 new, 0 changed, 0 same, 0 repeated, 1 with problems\n", reason)
    assert again == (1, "2 rows: 0 new, 0 changed, 1 same, 0 repeated, 1 with problems\n", reason)
    assert Attendance.objects.count() == 1


@pytest.mark.django_db
def test_with_strict_one_bad_row_keeps_all_out(tmp_path: Path) -> None:
    make_event(legacy_id="fair")
    make_member(legacy_id="7")
    file = write(tmp_path / "a.csv", NEWER, "fair,7,2024-09-03T18:00:00Z,", "fair,8,2024-09-03T18:00:00Z,")

    code, out, _err = run("attendance", file, "--strict")

    assert (code, out.splitlines()[-1]) == (1, "Nothing was written.")
    assert not Attendance.objects.exists()


@pytest.mark.django_db
def test_a_joined_file_and_a_list_of_runs_come_in_by_command(tmp_path: Path) -> None:
    row = "f,Fair,2024-09-03,Hall,7,Ana Cruz,Ana,Cruz,jr,Art,,,V00000007,2024-09-03 18:00,manual"
    joined = write(tmp_path / "j.csv", JOINED, row)
    runs = write(
        tmp_path / "r.csv", RUNS, "Ana Cruz,2026-05-05,2026-05-05 06:08:00,run-1,1", "Zoë Kim,2026-05-05,,run-1,2"
    )

    assert run("databrowser", joined, "--zone", "America/New_York")[0] == 0
    code, _out, err = run("runner", runs, "--create-missing", "--zone", "America/New_York")

    assert (code, err) == (1, "line 3, Registration Time: A check-in needs its time.\n")
    came = [f"{row:%m-%d %H:%M}" for row in Attendance.objects.order_by("pk").values_list("checked_in_at", flat=True)]
    assert came == ["09-03 22:00", "05-05 10:08"]
    assert (Event.objects.count(), Member.objects.count()) == (2, 1)


@pytest.mark.django_db
def test_likely_duplicates_are_treated_as_told(tmp_path: Path) -> None:
    make_member(first_name="Ana", last_name="Cruz", personal_email="ana@home.org")
    file = write(tmp_path / "m.csv", "id,name", "1,Ana Cruz")

    code, out, _err = run("members", file, "--duplicates", "skip")

    assert (code, Member.objects.count()) == (0, 1)
    assert out.splitlines() == [
        "line 2: Ana Cruz is left out, being likely the same as Ana Cruz (on record; same name)",
        "1 rows: 0 new, 0 changed, 0 same, 0 repeated, 1 left out, 0 with problems",
    ]


@pytest.mark.django_db
def test_a_terminal_sees_how_far_the_file_has_been_read(tmp_path: Path) -> None:
    rows = [f"{number},Ana {number}" for number in range(20_000)]
    file = write(tmp_path / "m.csv", "id,name", *rows)

    code, out, _err = run("members", file, "--dry-run", out=Terminal())

    assert code == 0
    drawn = [part for part in out.split("\r") if "█" in part]
    assert drawn
    assert all("%" in part and part.rstrip().endswith("rows") for part in drawn)
    shares = [int(part.split("%")[0].split()[-1]) for part in drawn]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] <= 100


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv",), "nowhere.csv cannot be opened: No such file or directory."),
        (("http://127.0.0.1/a.csv",), "This address could not be read."),
        (("http://169.254.169.254/latest/meta-data",), "This address could not be read."),
        (("a.csv", "--zone", "Mars/Base"), "Mars/Base is not a known time zone."),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    code, _out, err = run("groups", *arguments)

    assert (code, err.startswith(said)) == (2, True)
    assert not Group.objects.exists()


@pytest.fixture
def published() -> Iterator[int]:
    """A server that publishes one table."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                b"id,name\n1,Ana Cruz\n" if self.path == "/pub?output=csv" else b"<!DOCTYPE html>\n<html>Sign in</html>"
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_published_sheet_is_read_by_its_address(published: int, settings: Any) -> None:
    home = ipaddress.ip_address("127.0.0.1")
    guard = Guard(frozenset({published}), lambda _address: True, lambda _host, _port: [home], allows_loopback=True)
    address = f"http://127.0.0.1:{published}/pub?output=csv"

    with open_source(address, guard=guard) as (sheet, share):
        rows = [row.cells for row in sheet if not hasattr(row, "reason")]
        assert (sheet.header, rows, share()) == (("id", "name"), [("1", "Ana Cruz")], 1.0)
    with open_source(f"http://127.0.0.1:{published}/signin", guard=guard) as (sheet, _share):
        assert sheet.fatal is not None
        assert sheet.fatal.reason.startswith("This is a web page, not a table.")
    settings.IMPORT_MAX_MB = 0
    with pytest.raises(OutboundError), open_source(address, guard=guard):
        pass
