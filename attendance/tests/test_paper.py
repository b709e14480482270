"""A paper list typed in: every line is understood or named, and recorded once with the time it happened."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.closing import close_event
from attendance.models import Attendance, Scan
from attendance.paper import MOST_LINES, Entry, Recorded, read, record
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.checker import violations
from attendance.tests.factories import SUPERVISOR, come_in, take_back
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.tests.admin_pages import signed_in, text_of
from events.models import Event
from events.tests.factories import EVENING, make_event
from members.models import Member
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
NEXT_DAY = EVENING + timedelta(days=1)
START = time(18)


def on_the_list(event: Event, first: str, last: str, **fields: Any) -> Member:
    member = make_member(first_name=first, last_name=last, **fields)
    register(by_member(member.pk), event.code, by=SUPERVISOR, at=EVENING - timedelta(days=1))
    return member


def understood(event: Event, text: str, **when: Any) -> list[Entry]:
    values: dict[str, Any] = {"otherwise": START, "at": NEXT_DAY} | when
    return read(event, text, **values)


def one(event: Event, line: str, **when: Any) -> Entry:
    (entry,) = understood(event, line, **when)
    return entry


def typed(event: Event, text: str, at: datetime = NEXT_DAY) -> list[Recorded]:
    return record(event, understood(event, text, at=at), by=SUPERVISOR, at=at)


def clock(entry: Entry) -> str:
    assert entry.came_at
    told = f"{entry.came_at:%d %H:%M}"
    return f"{told}-{entry.left_at:%d %H:%M}" if entry.left_at else told


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1", "20 18:00"),
        ("1 18:25", "20 18:25"),
        ("1, 18.25", "20 18:25"),
        ("1;18:25", "20 18:25"),
        ("1  6:25 pm", "20 18:25"),
        ("1 6:25 p.m.", "20 18:25"),
        ("1 18:25-19:30", "20 18:25-20 19:30"),
        ("1 18:25 – 7:30pm", "20 18:25-20 19:30"),
        # The doors are open until 21:00; a time outside is taken as one of the day of the event.
        ("1 09:00", "20 09:00"),
    ],
)
def test_times_are_read_as_people_write_them(line: str, expected: str) -> None:
    event = make_event()
    on_the_list(event, "Ben", "Brown")

    entry = one(event, line)

    assert (entry.problem, entry.name, clock(entry)) == ("", "Ben Brown", expected)


def test_a_time_after_midnight_belongs_to_the_next_day_of_a_long_night() -> None:
    event = make_event(starts_at=EVENING + timedelta(hours=4), ends_at=EVENING + timedelta(hours=9))
    on_the_list(event, "Ben", "Brown")

    assert clock(one(event, "1 0:30", at=EVENING + timedelta(days=3))) == "21 00:30"
    assert clock(one(event, "1 23:30-0:15", at=EVENING + timedelta(days=3))) == "20 23:30-21 00:15"


def test_times_are_those_of_the_events_zone() -> None:
    event = make_event(timezone="America/New_York")
    on_the_list(event, "Ben", "Brown")

    assert one(event, "1 13:05").came_at == datetime(2026, 11, 20, 18, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "who", ["2", "Cleo Martin", "martin, CLEO", "Cléo  Martin", "V01234567", "v01234567", "01234567"]
)
def test_people_of_the_list_are_found_by_number_name_and_v_number(who: str) -> None:
    event = make_event()
    on_the_list(event, "Ben", "Brown")
    cleo = on_the_list(event, "Cleo", "Martin", v_number="V01234567")

    entry = one(event, f"{who} 18:05")

    assert (entry.name, entry.subject, entry.is_new, entry.problem) == ("Cleo Martin", by_member(cleo.pk), False, "")


@pytest.mark.parametrize("line", ["Zoe Adler 18:05", "W Zoe Adler 18:05", "W3 Zoe Adler 18:05", "w3: Zoe Adler, 18:05"])
def test_whoever_is_not_on_the_list_comes_as_a_walk_in(line: str) -> None:
    entry = one(make_event(), line)

    assert (entry.name, entry.subject, entry.is_new) == ("Zoe Adler", by_guest_name("Zoe Adler"), True)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("9 18:05", "Nobody has this number"),
        ("0", "Nobody has this number"),
        ("Ben Brown 18:05", "Several people"),
        ("1 25:00", "no such time"),
        ("1 18:75", "no such time"),
        ("…", "Write a number"),
        ("W3 18:05", "Enter a name"),
        ("x" * 200, "at most"),
    ],
)
def test_what_is_not_clear_is_named_with_its_line_and_holds_nobody_up(line: str, sentence: str) -> None:
    event = make_event()
    for _namesake in range(2):
        on_the_list(event, "Ben", "Brown")

    bad, good = understood(event, f"{line}\n\n2 18:10")

    assert sentence in bad.problem
    assert (bad.line, good.line, good.problem) == (1, 3, "")


def test_a_time_that_has_not_come_yet_is_refused() -> None:
    event = make_event()
    on_the_list(event, "Ben", "Brown")

    assert "not come yet" in one(event, "1 18:30", at=EVENING + timedelta(minutes=5)).problem


def test_too_many_lines_are_refused_at_once() -> None:
    with pytest.raises(ValidationError, match="at most 100 lines"):
        understood(make_event(), "1\n" * (MOST_LINES + 1))


def test_lines_are_recorded_with_their_times_as_the_paper_door() -> None:
    event = make_event()
    ben = on_the_list(event, "Ben", "Brown")

    recorded = typed(event, "1 18:05-19:30\nZoe Adler 18:10\n7 18:00")

    assert [each.is_done for each in recorded] == [True, True, False]
    row = Attendance.objects.get(member=ben)
    assert (row.method, row.checked_in_at, row.checked_out_at) == (
        "paper",
        EVENING + timedelta(minutes=5),
        EVENING + timedelta(minutes=90),
    )
    zoe = Attendance.objects.get(guest_name="Zoe Adler")
    assert (zoe.is_walk_in, zoe.checked_in_at) == (True, EVENING + timedelta(minutes=10))
    assert violations() == []


def test_the_same_paper_typed_twice_counts_once() -> None:
    event = make_event()
    on_the_list(event, "Ben", "Brown")
    typed(event, "1 18:05\nZoe Adler 18:10")
    scans = Scan.objects.count()

    again = typed(event, "Brown, Ben 18:05\nzoe adler 6:10 pm", at=NEXT_DAY + timedelta(days=1))

    assert [each.sentence for each in again] == ["This was typed in before."] * 2
    assert Scan.objects.count() == scans
    assert set(Attendance.objects.values_list("scan_count", flat=True)) == {1}


def test_nobody_is_said_to_be_in_who_was_taken_back_since() -> None:
    event = make_event()
    ben = on_the_list(event, "Ben", "Brown")
    typed(event, "1 18:05")
    take_back(ben, event, at=NEXT_DAY)

    assert typed(event, "1 18:05")[0].sentence == "This was typed in before."
    assert Attendance.objects.get().state == "registered"


def test_what_breaks_a_rule_happened_all_the_same_and_is_flagged() -> None:
    event = make_event(capacity=1, check_in={"walk_ins": "refuse"})
    come_in(on_the_list(event, "Ana", "Adler"), event)
    close_event(event.code, by=SYSTEM, at=EVENING + timedelta(hours=1))

    typed(event, "Zoe Adler 18:10")

    assert Scan.objects.latest("pk").flag == "not_registered"
    assert Attendance.objects.get(guest_name="Zoe Adler").state == "attended"


def test_a_no_show_whose_name_stood_on_the_paper_has_come() -> None:
    event = make_event()
    on_the_list(event, "Ben", "Brown")
    close_event(event.code, by=SYSTEM, at=EVENING + timedelta(hours=2))

    typed(event, "1 18:05")

    assert Attendance.objects.get().state == "attended"
    assert Scan.objects.latest("pk").flag == ""


def test_reading_takes_one_query_however_many_lines() -> None:
    def queries(lines: int) -> int:
        event = make_event()
        for _line in range(lines):
            on_the_list(event, "Ben", "Brown")
        with CaptureQueriesContext(connection) as captured:
            understood(event, "\n".join(str(number + 1) for number in range(lines)))
        return len(captured)

    assert queries(1) == queries(3) == 1


# --- The page -----------------------------------------------------------------------------------


def test_ben_reads_the_lines_back_before_anything_is_recorded_and_keeps_what_is_not_clear() -> None:
    now = timezone.now()
    event = make_event(starts_at=now - timedelta(hours=3))
    on_the_list(event, "Ben", "Brown")
    ben, url = signed_in(Role.SUPERVISOR), f"/dashboard/{event.code}/paper/"
    sent = {"text": "1\n99\n<b>Zoe</b>", "otherwise": f"{event.local_start:%H:%M}"}

    shown = text_of(ben.post(url, {"act": "look"} | sent))
    assert not Scan.objects.exists()
    assert all(
        words in shown for words in ("Ben Brown", "Nobody has this number", "&lt;b&gt;Zoe&lt;/b&gt;", "Record these")
    )

    saved = text_of(ben.post(url, {"act": "save", "seen": seen_of(shown)} | sent))

    assert "2 lines are recorded." in saved
    assert saved.count("Not recorded") == 1
    assert ">\n99</textarea>" in saved
    assert set(Attendance.objects.values_list("method", flat=True)) == {"paper"}


def seen_of(page: str) -> str:
    return page.split('name="seen" value="', 1)[1].split('"', 1)[0]


def test_lines_that_were_changed_after_they_were_read_back_are_read_back_first() -> None:
    event = make_event(starts_at=timezone.now() - timedelta(hours=3))
    on_the_list(event, "Ben", "Brown")
    ben, url = signed_in(Role.SUPERVISOR), f"/dashboard/{event.code}/paper/"
    sent = {"otherwise": f"{event.local_start:%H:%M}"}
    shown = text_of(ben.post(url, {"act": "look", "text": "1"} | sent))

    answer = ben.post(url, {"act": "save", "seen": seen_of(shown), "text": "1\nZoe Adler"} | sent)

    assert "Is this right?" in text_of(answer)
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"text": "", "otherwise": "18:00"}, "Type at least one line."),
        ({"text": "1", "otherwise": "soon"}, "Choose a time, like 18:05."),
        ({"text": "1\n" * 101, "otherwise": "18:00"}, "at most 100 lines"),
        ({"text": "a\x00b", "otherwise": "18:00"}, "ull characters"),
    ],
)
def test_what_makes_no_sense_is_said_and_kept(sent: dict[str, str], sentence: str) -> None:
    event = make_event()

    answer = signed_in().post(f"/dashboard/{event.code}/paper/", {"act": "save"} | sent)

    assert (answer.status_code, sentence in text_of(answer)) == (400, True)
    assert not Scan.objects.exists()


def test_a_v_number_of_nobody_is_answered_and_kept() -> None:
    event = make_event()

    (answer,) = typed(event, f"{next_v_number()} 18:05")

    assert (answer.is_done, "Nobody was found" in answer.sentence) == (False, True)
