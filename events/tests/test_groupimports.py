import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports import write
from checkin_project.platform.imports import ImportReport, Options, Plan, Written
from checkin_project.platform.imports.kinds import Import, kind, recognised
from checkin_project.platform.sheets import Problem, read_sheet
from events import exports
from events.models import Category, Event, Group
from events.tests.factories import make_group

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "name,fallback_url,ical,website"
CHESS = "Chess Club,,webcal://chess.example/feed.ics,chess.example"
CODERS = "Coders,https://coders.example/next,https://coders.example/ical,https://coders.example"

YAML = """\
name: Coders
active: false
website: https://coders.example/
ical: https://coders.example/ical/
categories:
- ai
- open-source
suppress_urls:
- https://coders.example/42/
suppress_guid: false
scan_for_metadata: false
"""


def importing() -> Import:
    return kind("groups").make(Options(ZoneInfo("UTC")))


def plan(*lines: str) -> Plan:
    return importing().plan(read_sheet(io.BytesIO("\n".join(lines).encode())))


def put(*lines: str) -> ImportReport:
    return importing().apply(plan(*lines), by=SYSTEM, at=AT)


def states(found: Plan) -> list[str]:
    return [row.state.value for row in found.rows]


def undo(report: ImportReport) -> list[Problem]:
    written = [Written(**json.loads(json.dumps(asdict(item)))) for item in report.written]
    return importing().undo(written, by=SYSTEM, at=AT)


def run(*arguments: Any) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_groups", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_a_list_of_groups_is_recognised() -> None:
    found = recognised(HEADER.split(","))

    assert found is not None
    assert found.name == "groups"


@pytest.mark.django_db
def test_new_groups_come_in_whole_and_the_second_run_changes_nothing() -> None:
    report = put(HEADER, CHESS, CODERS)

    chess, coders = Group.objects.order_by("name")
    assert (report.created, chess.slug, chess.active, chess.review_status) == (2, "chess-club", True, "approved")
    assert (chess.ical_url, chess.website) == ("https://chess.example/feed.ics", "https://chess.example")
    assert coders.fallback_url == "https://coders.example/next"
    assert [entry.history_change_reason for entry in chess.history.all()] == ["import"]
    assert states(plan(HEADER, CHESS, CODERS)) == ["same", "same"]
    assert put(HEADER, CHESS, CODERS) == ImportReport()


@pytest.mark.django_db
def test_a_group_is_known_by_its_name_and_blank_never_overwrites() -> None:
    group = make_group(name="Chess club", slug="chess", fallback_url="https://old.example", active=False)

    put("name,website,fallback_url,active", "CHESS CLUB,https://chess.example,,true")

    group.refresh_from_db()
    assert (group.name, group.slug, group.active) == ("Chess club", "chess", False)
    assert (group.website, group.fallback_url) == ("https://chess.example", "https://old.example")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",,,https://x.example", "name"),
        ("Coders,,javascript://x.example/alert,", "ical"),
        ("Coders,not an address,,", "fallback_url"),
    ],
)
def test_bad_rows_are_named(row: str, column: str) -> None:
    found = plan(HEADER, row)

    assert [(problem.line, problem.column) for problem in found.problems] == [(2, column)]


@pytest.mark.django_db
def test_names_that_make_one_slug_get_two() -> None:
    put(HEADER, "C,,,https://c.example", "C++,,,https://cpp.example", "東京,,,https://tokyo.example")

    assert list(Group.objects.order_by("pk").values_list("slug", flat=True)) == ["c", "c-2", "group"]


@pytest.mark.django_db
def test_our_own_list_of_groups_comes_back_unchanged() -> None:
    put(HEADER, CHESS, CODERS, "=Formula club,,,https://x.example")
    file = io.BytesIO()
    write(exports.group_table(Group.objects.order_by("pk")), "csv", file)
    file.seek(0)

    assert states(importing().plan(read_sheet(file))) == ["same", "same", "same"]


@pytest.mark.django_db
def test_a_folder_of_yaml_files_brings_a_group_each_with_categories(tmp_path: Path) -> None:
    (tmp_path / "coders.yaml").write_text(YAML)
    (tmp_path / "notes.txt").write_text("no group")
    Category.objects.create(name="AI & Machine Learning", slug="ai")

    first, second = run(tmp_path), run(tmp_path)

    group = Group.objects.get()
    assert first == (0, "1 rows: 1 new, 0 changed, 0 same, 0 repeated, 0 with problems\n", "")
    assert second == (0, "1 rows: 0 new, 0 changed, 1 same, 0 repeated, 0 with problems\n", "")
    assert (group.active, group.scan_for_metadata, group.suppress_urls) == (
        False,
        False,
        ["https://coders.example/42/"],
    )
    assert sorted(group.categories.values_list("name", flat=True)) == ["AI & Machine Learning", "Open source"]


@pytest.mark.django_db
def test_what_is_wrong_with_a_yaml_file_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML.replace("suppress_guid: false", "suppress_guid: true"))
    (tmp_path / "b.yml").write_text("name: [unclosed")
    (tmp_path / "c.yaml").write_text("- just\n- a list\n")
    (tmp_path / "d.yaml").write_text("name: Deep\nwebsite:\n  a: {b: c}\n")
    (tmp_path / "e.yaml").write_text("name: Late\nwebsite: 'http://['\n")
    (tmp_path / "f.yaml").write_text("#" * 300_000)

    code, out, err = run(tmp_path)

    assert (code, err.splitlines()) == (
        1,
        [
            "b.yml: This file is not YAML.",
            "c.yaml: This file does not name fields and their values.",
            "d.yaml, website: This is neither a text nor a list of texts.",
            "e.yaml, website: Enter a valid URL.",
            "f.yaml: This file is too large for one group.",
        ],
    )
    assert out.splitlines()[0] == "a.yaml: Groups have no field for suppress_guid, so that is left out."
    assert Group.objects.count() == 1


@pytest.mark.django_db
def test_a_folder_without_groups_is_refused(tmp_path: Path) -> None:
    code, _out, err = run(tmp_path)

    assert (code, err) == (2, "There is no YAML file here.\n")


@pytest.mark.django_db
def test_categories_are_added_and_never_taken_away(tmp_path: Path) -> None:
    group = make_group(name="Coders", slug="coders")
    group.categories.add(Category.objects.create(name="Music", slug="music"))

    found = plan("name,categories", "Coders,ai;music")
    report = importing().apply(found, by=SYSTEM, at=AT)

    changes = [(change.field, change.old, change.new) for change in found.changes_of(found.rows[0])]
    assert (states(found), changes) == (["changed"], [("categories", "music", "ai, music")])
    assert (report.created, report.updated) == (0, 1)
    assert sorted(group.categories.values_list("slug", flat=True)) == ["ai", "music"]
    assert undo(report) == []
    assert list(group.categories.values_list("slug", flat=True)) == ["music"]
    assert not Category.objects.filter(slug="ai").exists()


@pytest.mark.django_db
def test_a_run_is_taken_back_unless_a_group_is_in_use() -> None:
    group = make_group(name="Chess Club", slug="chess-club", website="https://old.example")
    report = put(HEADER, CHESS, CODERS)
    event = Event.objects.create(name="Hack", starts_at=AT, ends_at=AT, group=Group.objects.get(slug="coders"))

    refused = undo(report)
    event.delete()

    assert [(problem.line, problem.reason) for problem in refused] == [(3, "This record is in use by now: events.")]
    assert undo(report) == []
    group.refresh_from_db()
    assert (list(Group.objects.all()), group.website, group.ical_url) == ([group], "https://old.example", "")
