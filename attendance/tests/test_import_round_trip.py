"""Whatever people are called and whatever a note says: our own files of who came read back as nothing to do."""

import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from attendance import checkin, exports
from attendance.models import Attendance, Method
from attendance.subjects import by_guest_name, by_member
from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports import write
from checkin_project.platform.imports import Options
from checkin_project.platform.imports.kinds import kind
from checkin_project.platform.legacy import is_blank_name
from checkin_project.platform.sheets import read_sheet
from checkin_project.platform.text import clean_text, words
from events.tests.factories import make_event
from members.tests.factories import make_member

STARTS = datetime(2024, 9, 3, 17, 0, tzinfo=UTC)
HOSTILE = st.text(alphabet=st.sampled_from("aZé=+-@'\"\t\n\r,;|ß東ı nNuUlL1.＝"), min_size=1, max_size=25)


def _clean(text: str, *, multiline: bool = False) -> str:
    try:
        return clean_text(text, max_length=100, multiline=multiline)
    except ValidationError:
        return ""


class RoundTrip(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(first=HOSTILE, guest=HOSTILE, note=HOSTILE, microsecond=st.integers(0, 999_999))
    @example(first="Nan", guest="nan", note="NULL", microsecond=1)
    @example(first="'=x", guest="=x", note="'-\r\n+1", microsecond=999_999)
    @example(first="Null", guest="n/a", note="nan", microsecond=0)
    def test_own_files_with_hostile_values_change_nothing(
        self, first: str, guest: str, note: str, microsecond: int
    ) -> None:
        assume(words(_clean(first)) and _clean(guest) and not is_blank_name(first))
        event = make_event(name=_clean(guest), starts_at=STARTS)
        member = make_member(first_name=_clean(first), last_name="", v_number=None)
        for minute, subject in enumerate((by_member(member.pk), by_guest_name(guest))):
            at = STARTS + timedelta(minutes=minute, microseconds=microsecond)
            checkin.check_in(subject, event.code, by=SYSTEM, at=at, operation_id=uuid4(), door=Method.STAFF)
        Attendance.objects.update(note=_clean(note, multiline=True))
        file = io.BytesIO()
        write(exports.event_table(event), "csv", file)
        file.seek(0)

        plan = kind("databrowser").make(Options(ZoneInfo("UTC"))).plan(read_sheet(file))

        assert [str(problem) for problem in plan.problems] == []
        assert [row.state.value for row in plan.rows] == ["same", "same"]
