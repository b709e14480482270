"""Export from the admin's lists: exactly what a list shows, to those who may, as a stream."""

import csv
import io
import json
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from attendance.models import Attendance, Scan
from attendance.tests.factories import come_in
from checkin_project.platform.access import Role
from checkin_project.platform.tests.admin_pages import act, browser_of, page, signed_in, text_of
from checkin_project.platform.tests.factories import make_user
from events.models import Category, Event, Group, GroupRole, Series
from events.tests.factories import make_event, make_group, make_series
from members.models import LoyaltyEntry, Member, Pass
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
SHAPES = {
    Member: ["members", "members_full"],
    Event: ["events", "events_full"],
    Group: ["groups", "groups_full"],
    Attendance: ["attendance_full", "attendance", "databrowser", "runner"],
    Scan: ["scans"],
    Series: ["series"],
    Category: ["categories"],
    LoyaltyEntry: ["loyalty"],
    Pass: ["passes"],
}


def export(client: Client, model: type[models.Model], query: str = "", **chosen: Any) -> Any:
    address = f"{page(model, 'export')}{query}"
    return client.post(address, {"shape": SHAPES[model][0], "format": "csv", **chosen})


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.streaming, text_of(response)
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline="")))


def group_organiser(*groups: Group) -> Client:
    user = make_user(role=None)
    for group in groups:
        GroupRole.objects.create(user=user, group=group, role=Role.ORGANISER)
    return browser_of(user)


def test_the_file_holds_what_the_list_shows() -> None:
    make_member(first_name="Ana", last_name="Cruz", status="blocked")
    make_member(first_name="Ben", last_name="Brown")
    make_member(first_name="Zoe", last_name="Adler", status="blocked")

    everybody = rows_of(export(signed_in(), Member))
    filtered = rows_of(export(signed_in(), Member, "?status__exact=blocked&o=-1"))
    searched = rows_of(export(signed_in(), Member, "?q=zo"))

    assert [row["first_name"] for row in everybody] == ["Zoe", "Ben", "Ana"]
    assert [row["first_name"] for row in filtered] == ["Ana", "Zoe"]
    assert [row["first_name"] for row in searched] == ["Zoe"]


@pytest.mark.parametrize(("model", "shape"), [(model, shape) for model, shapes in SHAPES.items() for shape in shapes])
def test_every_list_has_its_shapes(model: type[models.Model], shape: str) -> None:
    make_series()
    Category.objects.create(name="Zen", slug="zen")
    member = make_member()
    Pass.objects.create(member=member, nonce="secret-nonce", code_hash="secret-hash", issued_at=make_event().starts_at)
    LoyaltyEntry.objects.create(member=member, description="x", points=5, issued_at=make_event().starts_at)
    come_in(member, make_event(group=make_group()))
    client = signed_in()

    asked = client.get(page(model, "export"))
    answer = export(client, model, shape=shape)

    assert f'value="{shape}"' in text_of(asked)
    assert f'href="{page(model, "export")}?' in text_of(client.get(page(model, "changelist")))
    text = b"".join(answer.streaming_content).decode()
    assert text.count("\r\n") >= 2
    assert "secret" not in text


def test_workbook_and_json_hold_the_same_rows() -> None:
    make_member(first_name="=1+1", v_number="V00000001")

    book = load_workbook(io.BytesIO(export(signed_in(), Member, format="xlsx").getvalue()))
    data = json.loads(export(signed_in(), Member, format="json").getvalue())

    values = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert dict(zip(*values, strict=True))["first_name"] == data[0]["first_name"] == "=1+1"
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "n"}


def test_the_chosen_rows_alone_can_be_exported() -> None:
    ana, ben, _zoe = (make_member(first_name=name) for name in ("Ana", "Ben", "Zoe"))
    client = signed_in()

    asked = act(client, ana, "export_selected", ben)
    items = asked.context["form"]["export_items"].value()

    assert "The 2 records that you chose." in text_of(asked)
    assert {row["first_name"] for row in rows_of(export(client, Member, export_items=items))} == {"Ana", "Ben"}


def test_a_list_in_a_pop_up_offers_no_export() -> None:
    make_member()
    client = signed_in()

    whole, small = (text_of(client.get(f"{page(Member, 'changelist')}{query}")) for query in ("", "?_popup=1"))

    assert 'value="export_selected"' in whole
    assert "export_selected" not in small


def test_all_rows_of_a_filtered_list_are_chosen_by_the_address() -> None:
    ana = make_member(first_name="Ana", status="blocked")
    make_member(first_name="Ben")
    chosen = {"action": "export_selected", "_selected_action": ana.pk, "select_across": "1"}

    answer = signed_in().post(f"{page(Member, 'changelist')}?status__exact=blocked", chosen)

    assert answer.headers["Location"] == f"{page(Member, 'export')}?status__exact=blocked"


@pytest.mark.parametrize(
    "bad", [{"shape": "passwords"}, {"format": "pdf"}, {"format": ""}, {"export_items": "1;2"}, {"export_items": "x"}]
)
def test_a_bad_choice_gets_a_sentence(bad: dict[str, str]) -> None:
    make_member()

    answer = export(signed_in(), Member, **bad)

    assert (answer.status_code, answer.streaming) == (400, False)
    assert answer.context["form"].errors


def test_a_filter_that_cannot_be_leads_back_to_the_list() -> None:
    answer = signed_in().get(f"{page(Member, 'export')}?status__exact__nonsense=1")

    assert answer.headers["Location"] == f"{page(Member, 'changelist')}?e=1"


def test_whoever_sees_more_than_may_be_taken_home_gets_what_may() -> None:
    own, watched = make_group(), make_group()
    come_in(make_member(first_name="Own"), make_event(group=own))
    come_in(make_member(first_name="Watched"), make_event(group=watched))
    user = make_user(role=None)
    GroupRole.objects.create(user=user, group=own, role=Role.ORGANISER)
    GroupRole.objects.create(user=user, group=watched, role=Role.SUPERVISOR)

    rows = rows_of(export(browser_of(user), Attendance))

    assert [row["member_first_name"] for row in rows] == ["Own"]


def test_a_group_organiser_gets_the_own_groups_rows_whatever_ids_are_sent() -> None:
    own, foreign = make_event(group=make_group()), make_event(group=make_group())
    client = group_organiser(own.group)  # type: ignore[arg-type]

    rows = rows_of(export(client, Event, export_items=f"{own.pk},{foreign.pk}"))

    assert [row["id"] for row in rows] == [own.code]


@pytest.mark.parametrize("model", SHAPES)
def test_who_may_not_is_not_offered_it_and_gets_nothing(model: type[models.Model]) -> None:
    steward = signed_in(Role.STEWARD)

    statuses = {steward.get(page(model, "export")).status_code, export(steward, model).status_code}
    stranger = export(Client(), model)

    assert statuses == {403}
    assert "export_link" not in text_of(steward.get(page(model, "changelist")))
    assert (stranger.status_code, stranger.streaming) == (302, False)


def test_looking_and_downloading_take_a_fixed_number_of_queries() -> None:
    client = signed_in()

    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as looking:
            client.get(page(Attendance, "export"))
        with CaptureQueriesContext(connection) as downloading:
            export(client, Attendance).getvalue()
        return len(looking), len(downloading)

    event = make_event()
    come_in(make_member(), event)
    once = queries()
    for name in ("Ana", "Zoe"):
        come_in(make_member(first_name=name), event)

    assert queries() == once
