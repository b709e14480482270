"""Importing in the admin: what people send, and what they are shown."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from ipaddress import ip_address
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import SkipFile
from django.test import Client, RequestFactory
from django.urls import reverse
from openpyxl import Workbook

from attendance.models import Attendance
from checkin_project.platform.access import Role
from checkin_project.platform.admin.importforms import UploadForm
from checkin_project.platform.imports.records import ImportRun, RunState
from checkin_project.platform.outbound import Guard
from checkin_project.platform.tests.admin_pages import messages_of, page, signed_in, text_of
from checkin_project.platform.uploads import CappedUploadHandler
from events.models import Event, Group
from events.tests.factories import make_event
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
HEADER = "id,first_name,last_name,major,v_number,Shoe size"
ANA = "1,Ana,Cruz,Biology,V00000001,38"
MB = 1_000_000


@pytest.fixture
def ana() -> Client:
    return signed_in(Role.ORGANISER)


def upload(client: Client, *lines: str, where: type[Any] = Member, name: str = "list.csv", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, "\n".join(lines).encode(), "text/csv")
    return client.post(page(where, "import"), {"import_file": file, "zone": "UTC", **fields}, follow=True)


def newest() -> ImportRun:
    return ImportRun.objects.get()


def step(run: ImportRun, name: str) -> str:
    return reverse(f"admin:platform_importrun_{name}", args=[run.pk])


def say_yes(client: Client, run: ImportRun) -> Any:
    data = {"run": run.pk, "fingerprint": run.fingerprint}
    return client.post(page(ImportRun, "process_import"), data, follow=True)


@pytest.mark.parametrize("model", [Member, Event, Group, Attendance, ImportRun])
def test_lists_lead_to_their_import(ana: Client, model: type[Any]) -> None:
    assert f"href='{page(model, 'import')}'" in text_of(ana.get(page(model, "changelist")))
    assert "Show what would happen" in text_of(ana.get(page(model, "import")))


def test_lists_offer_no_import_to_those_who_may_not() -> None:
    assert page(Member, "import") not in text_of(signed_in(Role.SUPERVISOR).get(page(Member, "changelist")))


def test_the_start_page_leads_to_imports_and_shows_what_waits(ana: Client) -> None:
    assert page(ImportRun, "import") in text_of(ana.get("/admin/"))
    upload(ana, HEADER, ANA, name="autumn.csv")

    assert "autumn.csv" in text_of(ana.get("/admin/"))
    assert page(ImportRun, "import") not in text_of(signed_in(Role.SUPERVISOR).get("/admin/"))


def test_a_file_goes_in_step_by_step(ana: Client) -> None:
    make_member(legacy_id="2", first_name="Ben", last_name="Okafor", major="Art")

    preview = text_of(upload(ana, HEADER, ANA, "2,Ben,Okafor,Music,,", "3,Cleo,,,V1,"))
    run = newest()

    assert "2 rows would be written" in preview
    assert "1 row has a problem and would stay out." in preview
    assert "Biology" in preview
    assert "Shoe size" in preview
    assert Member.objects.count() == 1
    result = text_of(say_yes(ana, run))
    assert "1 record made, 1 changed" in result
    assert "1 row stayed out" in result
    assert f'href="{page(Member, "change", Member.objects.get(first_name="Ana").pk)}"' in result
    assert "Undo this import" in result
    again = text_of(upload(ana, HEADER, ANA, "2,Ben,Okafor,Music,,"))
    assert "0 changes: nothing to do" in again


def test_the_kind_is_told_by_the_headings_wherever_the_file_is_sent(ana: Client) -> None:
    upload(ana, "id,name,event_date,location", "1,Opening,2026-11-20,Hall", where=Member)

    assert (newest().kind, newest().row_count) == ("events", 1)


def test_headings_that_nobody_knows_are_taken_for_the_lists_own_kind(ana: Client) -> None:
    upload(ana, "a,b", "Ana,Cruz", where=Member)

    assert (newest().kind, newest().state) == ("members", RunState.FAILED)


@pytest.mark.parametrize(
    ("lines", "fields", "sentence"),
    [
        ([""], {}, "The file is empty. Save the table again as “CSV UTF-8” and choose that file."),
        (["PK\x03\x04 a workbook"], {}, "Excel workbook"),
        (["a;b;c"], {}, "not separated by commas"),
        (["a,,c"], {}, "line 1: Column 2 has no heading."),
        (["a,b", "1,2"], {}, "Nothing here is known by headings like these: a, b. Say what the file holds."),
        ([HEADER], {"import_file": "", "address": "http://127.0.0.1/"}, "This address could not be read."),
        ([HEADER], {"import_file": "", "address": "file:///etc/passwd"}, "This address could not be read."),
        ([HEADER, ANA], {"zone": "Mars/Olympus"}, "“Mars/Olympus” is no time zone."),
        ([HEADER, ANA], {"resource": "spells"}, "Select a valid choice."),
        ([HEADER, ANA], {"import_file": ""}, "Choose a file, or give an address."),
    ],
)
def test_bad_uploads_are_told_in_words_and_keep_nothing(
    ana: Client, lines: list[str], fields: dict[str, str], sentence: str
) -> None:
    answer = upload(ana, *lines, where=ImportRun, **fields)

    assert sentence in text_of(answer)
    assert "The file was not taken. Nothing was changed." in text_of(answer)
    assert not ImportRun.objects.exists()


@pytest.fixture
def published() -> Iterator[int]:
    """The port of a server that publishes one table."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{HEADER}\n{ANA}".encode()
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


def test_a_published_spreadsheet_is_taken_by_its_address(published: int) -> None:
    home = ip_address("127.0.0.1")
    guard = Guard(frozenset({published}), lambda _address: True, lambda _host, _port: [home], allows_loopback=True)
    sent = {"address": f"http://127.0.0.1:{published}/sheets/pub.csv?output=csv", "zone": "UTC"}

    form = UploadForm(sent, {}, guard=guard)

    assert form.is_valid(), form.errors
    assert (form.choices.kind, form.header) == ("members", tuple(HEADER.split(",")))
    file = form.cleaned_data["import_file"]
    file.seek(0)
    assert (file.name, file.read()) == ("127.0.0.1 pub.csv", f"{HEADER}\n{ANA}".encode())


def test_a_workbook_goes_in_where_the_settings_allow_it(ana: Client, settings: Any) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(HEADER.split(","))
    sheet.append(ANA.split(","))
    packed = BytesIO()
    book.save(packed)
    data = {"zone": "UTC"}
    assert ".xlsx" not in text_of(ana.get(page(Member, "import")))
    refused = ana.post(page(Member, "import"), data | {"import_file": SimpleUploadedFile("a.xlsx", packed.getvalue())})
    assert "Excel workbook" in text_of(refused)
    settings.IMPORT_XLSX = True

    assert ".xlsx" in text_of(ana.get(page(Member, "import")))
    ana.post(page(Member, "import"), data | {"import_file": SimpleUploadedFile("a.xlsx", packed.getvalue())})
    say_yes(ana, newest())

    assert Member.objects.get().v_number == "V00000001"
    assert str(newest().file.name).endswith(".xlsx")


def test_a_file_that_is_too_large_is_a_sentence(ana: Client) -> None:
    file = SimpleUploadedFile("all.csv", b"x" * (50 * MB + 1), "text/csv")

    answer = ana.post(page(Member, "import"), {"import_file": file, "zone": "UTC"})

    assert "This file is larger than 50 MB. Split it into smaller files." in text_of(answer)
    assert "Choose a file" not in text_of(answer)
    assert not ImportRun.objects.exists()


def test_bytes_beyond_the_limit_are_not_kept() -> None:
    handler = CappedUploadHandler(RequestFactory().post("/"))
    handler.new_file("import_file", "all.csv", "text/csv", None)
    part = b"x" * MB

    assert all(handler.receive_data_chunk(part, 0) is part for _ in range(50))
    with pytest.raises(SkipFile):
        handler.receive_data_chunk(b"x", 0)


def test_a_strangers_file_is_not_even_read() -> None:
    class Untouchable(BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("somebody reads it")

    environ: dict[str, Any] = {
        "wsgi.input": Untouchable(),
        "CONTENT_LENGTH": "40000000",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    for client, status in ((Client(enforce_csrf_checks=True), 302), (signed_in(Role.STEWARD), 403)):
        assert client.post(page(Member, "import"), **environ).status_code == status


def test_a_form_without_its_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(Role.ORGANISER).cookies

    assert upload(client, HEADER, ANA).status_code == 403
    assert client.post(page(ImportRun, "process_import"), {"run": 1}).status_code == 403
    assert not ImportRun.objects.exists()


def test_cells_and_names_are_shown_as_text_and_cut(ana: Client) -> None:
    answer = upload(ana, HEADER, f"1,<b>Ana</b>,Cruz,,,{'9' * 5000}", name="<script>.csv")

    shown = text_of(answer)
    assert "<b>Ana</b>" not in shown
    assert "&lt;b&gt;Ana" in shown
    assert "&lt;script&gt;.csv" in shown
    assert "9" * 201 not in shown


def test_problems_come_as_a_file_and_formulas_in_them_do_not_run(ana: Client) -> None:
    upload(ana, HEADER, ANA, "2,Ben,Okafor,,=1+1,", "3,too,few")

    answer: Any = ana.get(step(newest(), "problems"))

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "line,column,value,reason"
    assert lines[1].startswith("3,v_number,'=1+1,")
    assert lines[2].startswith('4,,"3,too,few","This row has 3 cells')
    assert len(lines) == 3


def test_rows_can_be_looked_at_by_what_becomes_of_them(ana: Client) -> None:
    make_member(first_name="Ana", last_name="Cruz", v_number="V00000009")
    upload(ana, HEADER, "1,Ana,Cruz,,,", *(f"{n},Fine{n},Row{n},,V{n:08d}," for n in range(10, 70)), "9,Bad,Row,,V1,")
    url = newest().get_absolute_url()

    def lines(**query: Any) -> list[int]:
        return [each.row.line for each in ana.get(url, query).context["page"].object_list]

    assert lines() == list(range(2, 52))
    assert lines(p=2) == list(range(52, 64))
    assert lines(show="error") == [63]
    assert lines(show="likely") == [2]
    assert lines(show="same") == []
    assert lines(show="nonsense", p="nonsense") == lines()
    assert "No rows like this." in text_of(ana.get(url, {"show": "same"}))


def test_a_page_takes_as_many_queries_for_three_rows_as_for_one(
    ana: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    upload(ana, HEADER, ANA)
    one = newest()
    say_yes(ana, one)
    with django_assert_max_num_queries(12) as counted:
        ana.get(one.get_absolute_url())
        queries = len(counted)
    upload(ana, HEADER, ANA, "2,Ben,Okafor,,,", "3,Cleo,Marchetti,,bad,")

    three = ImportRun.objects.exclude(pk=one.pk).get()
    # In a preview there are no records to lead to yet.
    with django_assert_num_queries(queries - 1):
        ana.get(three.get_absolute_url())
    say_yes(ana, three)
    with django_assert_num_queries(queries):
        ana.get(three.get_absolute_url())


def test_the_list_of_imports_takes_as_many_queries_for_three_as_for_one(
    ana: Client, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    upload(ana, HEADER, ANA)
    with django_assert_max_num_queries(12) as counted:
        ana.get(page(ImportRun, "changelist"))
        queries = len(counted)
    upload(ana, HEADER, ANA)
    upload(ana, HEADER, "bad,row")

    with django_assert_num_queries(queries):
        shown = text_of(ana.get(page(ImportRun, "changelist")))
    assert shown.count("list.csv") == 3


def test_the_operator_decides_about_a_likely_duplicate(ana: Client) -> None:
    make_member(first_name="Ana", last_name="Cruz", v_number="V00000009")
    upload(ana, HEADER, "1,Ana,Cruz,Law,,", "2,Ben,Okafor,,,")
    run = newest()

    shown = text_of(ana.get(run.get_absolute_url()))
    assert 'name="line-2"' in shown
    assert 'name="line-3"' not in shown
    # Line 3 has nothing to decide, whatever somebody sends.
    data = {"part": "rows", "line": [2, 3], "line-2": "update", "line-3": "skip"}
    answer = ana.post(step(run, "plan"), data, follow=True)

    run.refresh_from_db()
    assert run.options["decisions"] == {"2": "update"}
    assert list(run.rows.values_list("state", flat=True)) == ["changed", "new"]
    assert '<option value="update" selected>' in text_of(answer)
    say_yes(ana, run)
    assert Member.objects.get(last_name="Cruz").major == "Law"


def test_the_meaning_of_columns_can_be_corrected(ana: Client) -> None:
    upload(ana, "id,first_name,last_name,Field,Subject", "1,Ana,Cruz,Law,Art")
    run = newest()
    data = {"part": "all", "kind": "members", "duplicates": "keep", "zone": "UTC", "column-0": "legacy_id"}
    data |= {"column-1": "first_name", "column-2": "last_name"}

    twice = ana.post(step(run, "plan"), data | {"column-3": "major", "column-4": "major"})
    assert "“Field” has this meaning already. Only one column can." in text_of(twice)
    assert twice.status_code == 200
    ana.post(step(run, "plan"), data | {"column-3": "major"})

    run.refresh_from_db()
    assert run.options["columns"] == {"Field": "major"}
    say_yes(ana, run)
    assert [(member.major, member.extra) for member in Member.objects.all()] == [("Law", {"Subject": "Art"})]


def test_another_kind_recognises_the_columns_anew(ana: Client) -> None:
    upload(ana, "id,name,Shoe size", "1,Opening,5", resource="members", columns="{}")
    run = newest()
    assert run.kind == "members"

    data = {"part": "all", "kind": "events", "duplicates": "skip", "zone": "Europe/Berlin"}
    ana.post(step(run, "plan"), data, follow=True)

    run.refresh_from_db()
    assert (run.kind, run.options["columns"], run.options["zone"]) == ("events", {}, "Europe/Berlin")


def test_what_is_missing_is_made_from_the_rows_when_somebody_says_so(ana: Client) -> None:
    make_event(legacy_id="5", name="Opening")
    rows = (
        "event_id,member_name,checked_in_at,method",
        "5,Ana Cruz,2026-11-20 18:00,kiosk",
        "6,Ben Okafor,2026-11-20 18:00,kiosk",
    )
    shown = text_of(upload(ana, *rows, where=Attendance))
    run = newest()
    assert (run.kind, run.counts["error"] > 0) == ("attendance", True)
    assert "Create what is missing from the rows" in shown

    shown = text_of(ana.post(step(run, "plan"), {"part": "missing"}, follow=True))

    run.refresh_from_db()
    assert run.options["create_missing"] is True
    assert run.counts["error"] < 2
    assert "Create what is missing from the rows" not in shown


def test_a_confirmation_of_an_old_preview_is_refused_in_words(ana: Client) -> None:
    upload(ana, HEADER, ANA)

    answer = ana.post(page(Member, "process_import"), {"run": newest().pk, "fingerprint": "old"}, follow=True)

    assert messages_of(answer) == [
        "This is not the newest preview of the file any more. Look at this one. Nothing was written."
    ]
    assert not Member.objects.exists()


@pytest.mark.parametrize("number", ["", "x", "²", "999999999999999999999"])
def test_a_run_that_there_is_not_is_not_found(ana: Client, number: str) -> None:
    assert ana.post(page(ImportRun, "process_import"), {"run": number}).status_code == 404


def test_what_changed_meanwhile_is_named_and_can_be_looked_at_again(ana: Client) -> None:
    ben = make_member(legacy_id="2", first_name="Ben", last_name="Okafor", major="Art")
    upload(ana, HEADER, "2,Ben,Okafor,Music,,")
    Member.objects.filter(pk=ben.pk).update(major="Law")

    shown = text_of(say_yes(ana, newest()))

    assert "The records have changed since this preview was made. Nothing was written." in shown
    assert "Line 2, Ben Okafor: Other values would change now than in the preview." in shown
    assert "Look again" in shown
    ana.post(step(newest(), "plan"))
    assert newest().state == RunState.PLANNED


def test_an_import_is_undone_after_a_question(ana: Client) -> None:
    upload(ana, HEADER, ANA)
    say_yes(ana, newest())
    assert "1 record made by “list.csv” goes again" in text_of(ana.get(step(newest(), "undo")))
    assert Member.objects.count() == 1

    shown = text_of(ana.post(step(newest(), "undo"), follow=True))

    assert "Undone: everything is as it was before" in shown
    assert not Member.objects.exists()
    assert "This import cannot be undone." in text_of(ana.get(step(newest(), "undo")))


def test_what_stands_against_undoing_is_named(ana: Client) -> None:
    upload(ana, HEADER, ANA)
    say_yes(ana, newest())
    member = Member.objects.get()
    member.major = "Law"
    member.save()

    shown = text_of(ana.post(step(newest(), "undo"), follow=True))

    assert "This import cannot be undone any more, because something newer stands on it. Nothing was changed." in shown
    assert "Line 2" in shown
    assert Member.objects.exists()


def test_an_import_that_is_over_is_not_looked_at_anew(ana: Client) -> None:
    upload(ana, HEADER, ANA)
    say_yes(ana, newest())

    answer = ana.post(step(newest(), "plan"), follow=True)

    assert messages_of(answer) == ["This import cannot be looked at anew any more."]
    assert newest().state == RunState.APPLIED


def test_long_work_shows_how_far_it_is_and_what_to_do_when_it_died(ana: Client, tasks_wait: None) -> None:
    upload(ana, HEADER, *(f"{number},First,Last,{'x' * 80},," for number in range(3000)))
    run = newest()
    ImportRun.objects.update(state=RunState.PLANNING, done=1500)

    shown = text_of(ana.get(run.get_absolute_url()))
    assert "The file is being read" in shown
    assert '<progress max="6000" value="1500"' in shown
    assert "25 %" in shown
    ImportRun.objects.update(touched_at=run.created_at.replace(year=2020))
    assert "Give it up" in text_of(ana.get(run.get_absolute_url()))
    answer = ana.post(step(run, "plan"), follow=True)

    assert messages_of(answer) == ["The work that had died was given up. Nothing was changed by it."]
    assert newest().state == RunState.FAILED
    ana.post(step(run, "plan"))
    assert newest().state == RunState.UPLOADED


def test_a_pruned_run_is_still_a_record(ana: Client) -> None:
    upload(ana, HEADER, ANA)
    say_yes(ana, newest())
    ImportRun.objects.update(pruned_at=newest().created_at, file="", options={}, header=[])
    newest().rows.all().delete()

    shown = text_of(ana.get(newest().get_absolute_url()))

    assert "1 record made, 0 changed" in shown
    assert "as all files are after a while" in shown
    assert "Undo this import" not in shown
