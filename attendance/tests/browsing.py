"""What tests of the data browser share: rows of all kinds, and the same questions answered in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q

from attendance.databrowser.asked import Asked
from attendance.databrowser.pages import page
from attendance.databrowser.sources import Source
from attendance.models import Attendance, Method
from attendance.tests.reporting import came, registered
from checkin_project.platform.access import SYSTEM, Actor
from events.models import Event
from events.tests.factories import EVENING, make_event, make_group
from members.models import Member
from members.tests.factories import make_member

Row = Attendance
# Pages of a few rows, so that a small world has many of them.
SIZE = 9


class World:
    """Events of groups and of nobody, two at the same instant; members alike in all but their keys; guests."""

    def __init__(self) -> None:
        self.groups = [make_group(name="Chess"), make_group(name="Runners")]
        days = (0, 0, 3, 40)
        owners = (self.groups[0], self.groups[1], None, self.groups[0])
        self.events = [
            make_event(name=name, group=group, starts_at=EVENING + timedelta(days=day), location="Hall")
            for name, group, day in zip(("Blitz", "Aard run", "Blitz", "Café O’Hara"), owners, days, strict=True)
        ]
        names = (("Ana", "Silva"), ("Ana", "Silva"), ("Ben", "Brown"), ("Zoe", "Brown"), ("", "Okafor"))
        kinds = (("junior", "Biology"), ("", "Art"), ("junior", ""), ("senior", "Biology"), ("", ""))
        self.members = [
            make_member(
                first_name=first,
                last_name=last,
                classification=classification,
                major=major,
                v_number=f"V0000010{number}",
                student_email=f"s{number}@campus.example",
                personal_email=None if number % 2 else f"{last.lower()}{number}@mail.example",
            )
            for number, ((first, last), (classification, major)) in enumerate(zip(names, kinds, strict=True))
        ]
        for (place, event), (number, member) in product(enumerate(self.events), enumerate(self.members)):
            self._row(event, member, place + number)
        for number, (event, guest) in enumerate(product(self.events[:3], ("Ana Guest", "José Ångström", "Zed"))):
            came(event, guest, minutes=number % 2, method=Method.values[number % 8])

    def _row(self, event: Event, member: Member, number: int) -> None:
        if number % 4 == 0:
            registered(event, member)
        elif number % 4 == 1:
            registered(event, member, registration="no_show", state="no_show")
        else:
            # Several at the same instant.
            came(event, member, minutes=number % 3, method=Method.values[number % 8], note="=1+1")


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Row], bool]]] = {
    "everything": ({}, lambda row: True),
    "method": ({"method": "staff"}, lambda row: row.method == "staff"),
    "no method": ({"method": "none"}, lambda row: row.method == ""),
    "came": ({"state": "attended"}, lambda row: row.attended),
    "registered": ({"state": "registered"}, lambda row: row.state == "registered"),
    "guests": ({"who": "guest"}, lambda row: row.member is None),
    "members": ({"who": "member"}, lambda row: row.member is not None),
    "junior": ({"classification": "junior"}, lambda row: bool(row.member and row.member.classification == "junior")),
    "no class": ({"classification": "none"}, lambda row: bool(row.member and not row.member.classification)),
    "major": ({"major": "biology"}, lambda row: bool(row.member and row.member.major == "Biology")),
    "event": ({"event": "cafe o'hara"}, lambda row: row.event.name == "Café O’Hara"),
    "two events": ({"event": "blitz"}, lambda row: row.event.name == "Blitz"),
    "days": (
        {"since": date(2026, 11, 20), "until": date(2026, 11, 22)},
        lambda row: row.event.starts_at < EVENING + timedelta(days=1),
    ),
    "no group": ({"group": "none"}, lambda row: row.event.group_id is None),
    "text": (
        {"q": "ana"},
        lambda row: row.guest_name == "Ana Guest" or bool(row.member and row.member.first_name == "Ana"),
    ),
    "accents": ({"q": "ANGSTROM jos"}, lambda row: row.guest_name == "José Ångström"),
    "number": ({"q": "v00000102"}, lambda row: bool(row.member and row.member.v_number == "V00000102")),
    "e-mail": ({"q": "brown2@"}, lambda row: bool(row.member and row.member.v_number == "V00000102")),
    "text and class": (
        {"q": "brown", "classification": "senior"},
        lambda row: bool(row.member and row.member.first_name == "Zoe"),
    ),
    "nobody": ({"q": "%"}, lambda row: False),
}
_NO_MEMBER = ExpressionWrapper(Q(member__isnull=True), output_field=BooleanField())
# What each order means, said once more: (keys in front whatever the direction, keys that turn round).
_ORDERS: dict[str, tuple[list[Any], list[str]]] = {
    "checked_in_at": ([ExpressionWrapper(Q(checked_in_at=None), output_field=BooleanField())], ["checked_in_at"]),
    "event_date": ([], ["event__starts_at", "event_id"]),
    "event_name": ([], ["event__name", "event__starts_at", "event_id"]),
    "member_name": ([_NO_MEMBER], ["member__last_name", "member__first_name", "member_id", "guest_key"]),
    "member_classification": (
        [_NO_MEMBER],
        ["member__classification", "member__last_name", "member__first_name", "member_id", "guest_key"],
    ),
    "member_major": (
        [_NO_MEMBER],
        ["member__major", "member__last_name", "member__first_name", "member_id", "guest_key"],
    ),
}


def questions() -> Iterator[tuple[str, Asked, Callable[[Row], bool]]]:
    """Every filter in every order; each turns round in half of them, and everything in all."""
    for (place, (name, (fields, predicate))), (turn, order) in product(enumerate(FILTERS.items()), enumerate(_ORDERS)):
        for is_descending in (True, False) if not fields else ((place + turn) % 2 == 0,):
            asked = replace(Asked(**fields), order=order, is_descending=is_descending)
            yield f"{name} {asked.sort}", asked, predicate


def expected(asked: Asked, predicate: Callable[[Row], bool]) -> list[int]:
    """Keys of the rows that match, in order: the database sorts plainly, Python filters."""
    front, keys = _ORDERS[asked.order]
    turned = [F(key).desc() if asked.is_descending else F(key).asc() for key in (*keys, "pk")]
    rows = Attendance.objects.select_related("event", "member").order_by(*front, *turned)
    return [row.pk for row in rows if predicate(row)]


def walked(asked: Asked, source: Source, *, by: Actor = SYSTEM) -> list[int]:
    """Every row on the way through all pages, first to last."""
    keys: list[int] = []
    step: Asked | None = asked
    while step:
        found = page(step, by, source, size=SIZE)
        keys += [line.attendance for line in found.lines]
        assert len(found.lines) <= SIZE
        assert len(keys) < 1000
        step = found.next
    return keys


def walked_back(asked: Asked, source: Source, *, by: Actor = SYSTEM) -> list[int]:
    """The same from the last page to the first one."""
    last = page(asked, by, source, size=SIZE)
    while last.next:
        last = page(last.next, by, source, size=SIZE)
    keys = [line.attendance for line in last.lines]
    while last.previous:
        before = page(last.previous, by, source, size=SIZE)
        added = [line.attendance for line in before.lines]
        # The first page is whole, so it may repeat what stood on the second.
        keys = added[: added.index(keys[0])] + keys if keys[0] in added else added + keys
        last = before
    return keys
