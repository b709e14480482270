import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError

from checkin_project.platform.exports import Table
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.tests.exports import NUMBERS_CSV, folder, registered

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _numbers() -> Iterator[None]:
    with registered():
        yield


def _call(*arguments: str) -> str:
    out = io.StringIO()
    call_command("export_report", *arguments, stdout=out)
    return out.getvalue()


def test_without_a_target_the_file_goes_to_standard_output(capfdbinary: Any) -> None:
    _call("numbers")

    assert capfdbinary.readouterr().out == NUMBERS_CSV


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "numbers.json"

    said = _call("numbers", "--format", "json", "--output", str(target))

    assert said == f"Numbers: 2 rows in {target}\n"
    assert json.loads(target.read_text()) == [{"number": 1, "word": "=one"}, {"number": 2, "word": "two"}]
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int]]:
        yield (1,)
        raise ValidationError("The numbers ran out.")

    target = tmp_path / "numbers.csv"
    target.write_text("old")

    with registered(table=lambda actor: Table("numbers", ("n",), broken)), pytest.raises(CommandError, match="ran out"):
        _call("numbers", "--output", str(target))

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("numbers.csv", "old")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as problem:
        _call("numbers", "--output", str(tmp_path / "no" / "numbers.csv"))

    assert str(problem.value) == f"{tmp_path}/no/numbers.csv cannot be written: No such file or directory."


def test_in_the_storage_its_name_is_the_last_line() -> None:
    said = _call("numbers", "--to-storage").splitlines()

    run = ExportRun.objects.get()
    assert said[-1] == run.key
    assert said[0].startswith(f"Numbers: 2 rows, {len(NUMBERS_CSV)} bytes, SHA-256 {run.sha256}")
    assert (folder() / run.key).read_bytes() == NUMBERS_CSV
    assert (run.origin, run.by_system) == ("command", True)


def test_a_failing_storage_is_said_and_tried_again(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "file").touch()
    options = {"location": tmp_path / "file" / "exports"}
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": backend, "OPTIONS": options}}

    with pytest.raises(CommandError) as problem:
        _call("numbers", "--to-storage")

    assert str(problem.value) == ("The storage failed (NotADirectoryError). It will be tried again in the background.")
    assert problem.value.returncode == 1
    assert ExportRun.objects.get().state == ExportRun.State.RETRYING


@pytest.mark.parametrize(("name", "said"), [("", "Which export?"), ("letters", "There is no export “letters”.")])
def test_a_missing_or_wrong_name_lists_the_right_ones(name: str, said: str) -> None:
    with pytest.raises(CommandError) as problem:
        _call(*[name] if name else [])

    lines = str(problem.value).splitlines()
    assert lines[:2] == [said, "These are the names:"]
    assert "  numbers  Numbers" in lines


def test_an_export_that_knows_no_events_refuses_one() -> None:
    with pytest.raises(CommandError, match="“numbers” cannot be limited to an event"):
        _call("numbers", "--event", "ABCDEFGH")


def test_an_event_limits_those_that_know_events(capfdbinary: Any) -> None:
    def of_event(actor: Any, params: Any) -> Table:
        return Table("numbers", ("event",), lambda: [(params["event"],)])

    with registered(params=("event",), narrowed=of_event):
        _call("numbers", "--event", "ABCDEFGH")

    assert capfdbinary.readouterr().out == b"\xef\xbb\xbfevent\r\nABCDEFGH\r\n"
