import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from checkin_project.platform.access import SYSTEM, Actor, Role
from checkin_project.platform.exports import Table, exports_for, find, write
from checkin_project.platform.imports import RowState, kinds
from checkin_project.platform.legacy import is_blank
from checkin_project.platform.sheets import read_sheet
from events import exports, imports
from events.legacy import whole_day
from events.models import Category, Event, Group, Series
from events.tests.factories import EVENING, make_event, make_group, make_series
from members.tests.factories import make_member

NEW_YORK = ZoneInfo("America/New_York")


def written(table: Table) -> bytes:
    file = io.BytesIO()
    write(table, "csv", file)
    return file.getvalue()


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows()]


def all_events() -> Table:
    return exports.table(Event.objects.order_by("pk"))


@pytest.mark.django_db
def test_an_event_stands_in_the_columns_of_older_systems() -> None:
    event = make_event(
        legacy_id="12", name="Chess", timezone="America/New_York", location="Hall", hidden=True, extra={"Room": "=4"}
    )

    [row] = rows_of(all_events())

    assert row == {
        "id": "12",
        "name": "Chess",
        "event_date": EVENING.astimezone(NEW_YORK),
        "location": "Hall",
        "created_at": event.created_at,
        "active": False,
        "Room": "=4",
    }
    assert b"12,Chess,2026-11-20T13:00:00-05:00,Hall," in written(all_events())
    assert written(all_events()).endswith(b",no,'=4\r\n")


@pytest.mark.django_db
def test_what_lasts_all_day_has_a_day_unless_the_house_has_another_by_then() -> None:
    starts_at, ends_at = whole_day(date(2026, 11, 20), ZoneInfo("UTC"))
    make_event(starts_at=starts_at, ends_at=ends_at, all_day=True)
    starts_at, ends_at = whole_day(date(2026, 11, 20), ZoneInfo("Asia/Tokyo"))
    make_event(starts_at=starts_at, ends_at=ends_at, all_day=True, timezone="Asia/Tokyo")

    here, there = rows_of(all_events())

    assert here["event_date"] == date(2026, 11, 20)
    assert str(there["event_date"]) == "2026-11-20 00:00:00+09:00"


@pytest.mark.django_db
def test_the_full_shape_has_every_field() -> None:
    series = make_series(name="Weekly")
    group = make_group(name="Club")
    event = make_event(
        group=group, series=series, host=make_member(), capacity=9, timezone="America/New_York", extra={"a": [1]}
    )
    event.categories.set([Category.objects.create(name=name, slug=name.lower()) for name in ("Zen", "Art")])

    [row] = rows_of(exports.full_table(Event.objects.all()))

    assert row == {
        "code": event.code,
        "id": None,
        "name": "Open evening",
        "description": "",
        "group": "Club",
        "series": "Weekly",
        "host": "Ben Brown",
        "starts_at": EVENING,
        "ends_at": EVENING + timedelta(hours=2),
        "timezone": "America/New_York",
        "all_day": False,
        "location": "",
        "location_type": "in_person",
        "url": "",
        "cost": "",
        "categories": "Art; Zen",
        "capacity": 9,
        "status": event.status.value,
        "closed_at": None,
        "review_status": "approved",
        "source": "staff",
        "hidden": False,
        "created_at": event.created_at,
        "updated_at": event.updated_at,
        "extra": '{"a": [1]}',
    }
    assert str(row["starts_at"]) == "2026-11-20 13:00:00-05:00"


@pytest.mark.django_db
def test_groups_stand_in_the_old_columns_and_in_all() -> None:
    group = make_group(name="Club", website="https://x.org", ical_url="https://x.org/i.ics", skip_phrases=["a, b"])
    group.categories.add(Category.objects.create(name="Zen", slug="zen"))
    rows = Group.objects.all()

    [old], [full] = rows_of(exports.group_table(rows)), rows_of(exports.full_group_table(rows))

    assert old == {
        "name": "Club",
        "fallback_url": "",
        "ical": "https://x.org/i.ics",
        "website": "https://x.org",
        "slug": group.slug,
        "active": True,
        "scan_for_metadata": True,
        "categories": "zen",
        "suppress_urls": None,
        "skip_phrases": '["a, b"]',
    }
    more = {"trusted": False, "review_status": "approved", "rejection_reason": "", "people": 0, "feed_error": ""}
    assert full == old | more | {"feed_fetched_at": None, "feed_good_at": None}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["=1+1", "'=1", 'a "b", c', "é; f", "Łódź"])
def test_own_exports_of_groups_change_nothing(name: str) -> None:
    group = make_group(name=name, website="https://x.org/?a=1,2", active=False, suppress_urls=[name, "b"])
    group.categories.set([Category.objects.create(name=f"{name} {part}", slug=f"s{part}") for part in "ab"])
    make_group(name=f"{name} too", scan_for_metadata=False, skip_phrases=["=1", "[x"])
    table = exports.group_table(Group.objects.order_by("pk"))
    kind = kinds.recognised(table.headings)
    assert kind is not None
    before = list(Group.objects.order_by("pk").values("categories", "name", "suppress_urls", "skip_phrases", "active"))

    found = kind.make(kinds.Options(zone=ZoneInfo("UTC")))
    plan = found.plan(read_sheet(io.BytesIO(written(table))))
    found.apply(plan, by=SYSTEM, at=EVENING)

    assert [(row.state, row.problems) for row in plan.rows] == [(RowState.SAME, ())] * 2
    after = list(Group.objects.order_by("pk").values("categories", "name", "suppress_urls", "skip_phrases", "active"))
    assert after == before


@pytest.mark.django_db
def test_series_and_categories_have_tables_too() -> None:
    make_series(name="Weekly", slug="weekly", group=make_group(name="Club"), capacity=5)
    Category.objects.create(name="Zen", slug="zen")

    series = written(exports.series_table(Series.objects.all())).decode().splitlines()
    categories = rows_of(exports.category_table(Category.objects.all()))

    assert series[1] == "Weekly,weekly,Club,18:00:00,60,,5,UTC,0"
    assert categories == [{"name": "Zen", "slug": "zen"}]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["events", "events_full", "groups", "groups_full"])
def test_everybody_gets_what_they_organise(name: str) -> None:
    own, foreign = make_group(), make_group()
    make_event(group=own)
    make_event(group=foreign)
    export = find(name)
    assert export is not None
    organiser = Actor(user_id=1, group_roles={own.pk: Role.ORGANISER})
    # A steward of the house sees every event, and takes none of them home.
    steward = Actor(user_id=2, role=Role.STEWARD, group_roles={own.pk: Role.SUPERVISOR})

    counts = [len(rows_of(export.table(actor))) for actor in (SYSTEM, organiser, steward)]

    assert counts == [2, 1, 0]
    assert export in exports_for(organiser)
    assert export not in exports_for(steward)


@pytest.mark.django_db
def test_an_export_takes_a_fixed_number_of_queries() -> None:
    for name in ("one", "two", "three"):
        make_event(name=name)

    with CaptureQueriesContext(connection) as queries:
        written(all_events())
        written(exports.full_table(Event.objects.all()))

    assert len([query for query in queries if query["sql"].startswith(("SELECT", "DECLARE"))]) == 3


# --- Whatever stands in a field, it comes back ----------------------------------------------------

_ODD = st.sampled_from(["=1+1", "'=1", "''", "-", "@x", "＝1", '"', 'a "b", c', "nan", "NULL", "a,b", "1.0", "é"])
_LINE = st.one_of(_ODD, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40))
_STARTS = st.datetimes(datetime(1972, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  UTC
_EXTRA = st.dictionaries(
    st.one_of(_LINE, st.sampled_from(["Room", "legacy_ids", "Event Date"])),
    st.one_of(_LINE, st.text("a\n ", max_size=9), st.integers()),
    max_size=4,
)


# Making a failure smaller takes minutes of imports; the note shows the file.
GENERATE = (Phase.explicit, Phase.generate)


class RoundTrip(TestCase):
    @settings(
        max_examples=40,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    # Words for nothing are blank to an import, and an event needs a name.
                    "name": st.one_of(_LINE, st.just("w" * 200)).filter(lambda text: not is_blank(text)),
                    "location": _LINE,
                    "extra": _EXTRA,
                    "hidden": st.booleans(),
                    "starts_at": _STARTS,
                    "all_day": st.booleans(),
                    "timezone": st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
                },
            ),
            max_size=4,
        )
    )
    def test_own_exports_change_nothing(self, happenings: list[dict[str, Any]]) -> None:
        for fields in happenings:
            if fields["all_day"]:
                fields["starts_at"], fields["ends_at"] = whole_day(
                    fields["starts_at"].date(), ZoneInfo(fields["timezone"])
                )
            try:
                event = Event(**({"ends_at": fields["starts_at"] + timedelta(hours=3)} | fields))
                event.full_clean()
            except ValidationError:
                continue
            event.save()
        before = list(Event.objects.order_by("pk").values())

        data = written(all_events())
        note(str(data))
        found = imports.plan(read_sheet(io.BytesIO(data)), zone=ZoneInfo("UTC"))
        imports.apply(found, by=SYSTEM, at=EVENING)

        assert {row.state for row in found.rows} <= {RowState.SAME, RowState.REPEATED}  # the same event twice
        assert len(found.rows) == len(before)
        assert list(Event.objects.order_by("pk").values()) == before
