import io
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from checkin_project.platform.access import SYSTEM, Actor, Permission, Role
from checkin_project.platform.exports import Table, exports_for, find, write
from checkin_project.platform.imports import RowState
from checkin_project.platform.sheets import read_sheet
from members import exports, imports
from members.loyalty import award
from members.models import LoyaltyEntry, Member, Pass
from members.passes import issue
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


def written(table: Table) -> bytes:
    file = io.BytesIO()
    write(table, "csv", file)
    return file.getvalue()


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows()]


def everybody() -> Table:
    return exports.table(Member.objects.order_by("pk"))


def states_when_read_back() -> list[str]:
    found = imports.plan(read_sheet(io.BytesIO(written(everybody()))), zone=ZONE)
    return [row.state.value for row in found.rows]


@pytest.mark.django_db
def test_a_member_stands_in_the_columns_of_older_systems() -> None:
    member = make_member(
        legacy_id="7",
        classification="junior",
        major="Art",
        v_number="V00000007",
        student_email="ben@x.edu",
        personal_email="ben@home.org",
        phone="+1 555",
        status="blocked",
        extra={"Shirt size": "M"},
    )

    [row] = rows_of(everybody())

    assert row == {
        "id": "7",
        "first_name": "Ben",
        "last_name": "Brown",
        "classification": "junior",
        "major": "Art",
        "v_number": "V00000007",
        "student_email": "ben@x.edu",
        "personal_email": "ben@home.org",
        "created_at": member.created_at,
        "updated_at": member.updated_at,
        "phone": "+1 555",
        "status": "blocked",
        "primary_email": None,
        "Shirt size": "M",
    }


@pytest.mark.django_db
def test_what_older_spreadsheets_said_comes_out_as_they_said_it() -> None:
    make_member(
        classification="other",
        personal_email="a@x.edu",
        extra={"classification": "wizard", "status": "retired", "primary_email": "c@x.edu"},
    )
    make_member(first_name="Ana", classification="senior", status="provisional", extra={"classification": "wizard"})

    one, other = rows_of(everybody())

    assert (one["classification"], one["status"], one["primary_email"]) == ("wizard", "retired", "c@x.edu")
    assert (other["classification"], other["status"], other["primary_email"]) == ("senior", "provisional", None)
    assert states_when_read_back() == ["same", "same"]


@pytest.mark.django_db
def test_columns_that_would_not_read_back_stay_out_of_the_table_but_in_the_full_one() -> None:
    extra = {"legacy_ids": ["8"], "Class": "x", "n": 5, " padded ": "x", "Email": "y", "list": ["a"]}
    make_member(extra=extra)

    [row] = rows_of(everybody())
    [full] = rows_of(exports.full_table(Member.objects.all()))

    assert {key: value for key, value in row.items() if key not in exports.HEADINGS} == {
        "legacy_ids": None,
        "list": None,
        "n": None,
    }
    assert json.loads(full["extra"]) == extra
    assert states_when_read_back() == ["same"]


@pytest.mark.django_db
def test_an_export_takes_two_queries_however_many_members_there_are() -> None:
    for number in range(3):
        make_member(first_name=f"Ben {number}")

    with CaptureQueriesContext(connection) as queries:
        written(everybody())

    assert len([query for query in queries if query["sql"].startswith(("SELECT", "DECLARE"))]) == 2


@pytest.mark.django_db
def test_those_who_look_after_members_everywhere_get_all_of_them() -> None:
    make_member()
    export = find("members")
    assert export is not None

    assert len(rows_of(export.table(SYSTEM))) == 1
    assert rows_of(export.table(Actor(user_id=1, role=Role.SUPERVISOR))) == []
    assert export.permission is Permission.MEMBERS
    assert {"members", "members_full"} <= {each.name for each in exports_for(SYSTEM)}
    assert exports_for(Actor(user_id=1, role=Role.SUPERVISOR)) == []


@pytest.mark.django_db
def test_points_and_passes_tell_no_secret() -> None:
    member = make_member(legacy_id="7")
    award(member.pk, 50, description="Came", at=AT)
    issue(member, at=AT)

    points = rows_of(exports.loyalty_table(LoyaltyEntry.objects.all()))
    passes = rows_of(exports.pass_table(Pass.objects.all()))

    assert [(row["member_id"], row["points"], row["issued_at"]) for row in points] == [("7", 50, AT)]
    assert [list(row.values()) for row in passes] == [["7", "Ben", "Brown", None, AT, None]]


# --- Whatever stands in a field, it comes back ----------------------------------------------------

_ODD = st.sampled_from(
    ["=1+1", "'=1", "''", "-", "@x", "+1 555", "＝1", '"', 'a "b", c', "O'Hara", "nan", "NULL", "Ω", "a,b", "1.0", "é"]
)
_LINE = st.one_of(_ODD, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40))
_LONG = st.integers(90, 100).map(lambda length: "w" * length)
_TEXT = st.one_of(_LINE, _LONG)
_PLAIN = ["Ana", "Ben", "Ñandú", "=1+x", "O'Hara", "'quoted'"]
_NAMES = st.one_of(_TEXT, st.sampled_from(_PLAIN))
_PAST = st.datetimes(datetime(1900, 1, 2), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  UTC
_EXTRA = st.dictionaries(
    st.one_of(_LINE, st.sampled_from(["classification", "status", "Shirt", "legacy_ids", "Member Id"])),
    st.one_of(_LINE, st.text("a\n ", max_size=9), st.integers(), st.none()),
    max_size=4,
)


def store(fields: dict[str, Any]) -> Member | None:
    """As a form would: None for what may not be stored."""
    member = Member(**fields)
    try:
        member.full_clean()
    except ValidationError:
        return None
    member.save()
    return member


# Making a failure smaller takes minutes of imports; the note shows the file.
GENERATE = (Phase.explicit, Phase.generate)


class RoundTrip(TestCase):
    @settings(
        max_examples=25,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(
            st.fixed_dictionaries(
                {"first_name": _NAMES, "last_name": _NAMES, "major": _TEXT, "phone": _LINE, "extra": _EXTRA},
                optional={
                    "classification": st.sampled_from([*Member.Classification.values, ""]),
                    "status": st.sampled_from(Member.Status.values),
                    "created_at": _PAST,
                },
            ),
            max_size=4,
        )
    )
    def test_own_exports_change_nothing(self, people: list[dict[str, Any]]) -> None:
        for number, fields in enumerate(people):
            created_at = fields.pop("created_at", None)
            # Who has no number is known by the name, which must not read as a word for nothing.
            is_named = {fields["first_name"], fields["last_name"]} <= set(_PLAIN)
            member = store({"v_number": None if is_named and number % 2 else f"V{number:08d}"} | fields)
            if created_at and member is not None:
                Member.objects.filter(pk=member.pk).update(created_at=created_at)
        before = list(Member.objects.order_by("pk").values())

        data = written(everybody())
        note(str(data))
        found = imports.plan(read_sheet(io.BytesIO(data)), zone=ZONE)
        imports.apply(found, by=SYSTEM, at=AT)

        assert {row.state for row in found.rows} <= {RowState.SAME, RowState.REPEATED}  # twins without a key
        assert len(found.rows) == len(before)
        assert list(Member.objects.order_by("pk").values()) == before
