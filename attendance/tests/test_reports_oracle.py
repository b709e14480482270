"""Every number of the reports against the same counted in plain Python, over random attendance."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.reports import attendees, followers, months, people, times, totals
from attendance.reports.scope import Filters, Scope
from attendance.stats import counts
from attendance.tests.reporting import METHODS, Visit, came, registered, scoped, visits
from checkin_project.platform.access import SYSTEM
from events.models import Event
from events.tests.factories import make_event, make_series
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Asia/Kathmandu"]
FILTERS = Filters(date(2026, 2, 10), date(2026, 8, 20))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_reports_count_what_plain_python_counts(seed: int) -> None:
    with transaction.atomic():
        fill(Random(seed))
        scope = scoped(FILTERS)

        check_events(scope)
        check_people(scope)
        check_months(scope)
        check_times(scope)
        check_attendees(scope)
        transaction.set_rollback(True)


def fill(chance: Random) -> None:
    members = [
        make_member(classification=chance.choice(["", "junior", "senior"]), major=chance.choice(["", "Law"]))
        for _ in range(9)
    ]
    series = [make_series(), make_series()]
    for _ in range(chance.randrange(1, 14)):
        starts_at = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 330))
        event = make_event(
            starts_at=starts_at,
            timezone=chance.choice(ZONES),
            series=chance.choice([None, *series]),
            all_day=chance.random() < 0.2,
            stored_status=chance.choice(["scheduled"] * 5 + ["cancelled", "draft"]),
        )
        for member in members:
            fate = chance.random()
            if fate < 0.5:
                came(
                    event,
                    member,
                    minutes=chance.randrange(-150, 300),
                    party_size=chance.choice([1, 1, 3]),
                    method=chance.choice(METHODS),
                    **_terms(chance),
                )
            elif fate < 0.7:
                registered(
                    event,
                    member,
                    **chance.choice([{}, {"state": "no_show", "registration": "no_show"}]),
                    registered_party_size=2,
                )
            elif fate < 0.75:
                registered(event, member, state="cancelled", registration="cancelled")
        if chance.random() < 0.5:
            came(event, "Gus", party_size=chance.choice([1, 4]), is_walk_in=True)


def _terms(chance: Random) -> dict[str, object]:
    return chance.choice(
        [{"is_walk_in": True}, {"registration": "registered"}, {"registration": "no_show", "registered_party_size": 2}]
    )


def counted(scope: Scope, *, history: bool = False) -> list[Visit]:
    """The oracle's own choice of events: held ones of the days asked for."""
    chosen = []
    for event in Event.objects.all():
        on = event.starts_at.astimezone(event.zone).date()
        if event.stored_status == "scheduled" and on <= scope.filters.last and (history or on >= scope.filters.first):
            chosen.append(event)
    return visits(chosen)


def _on(event: Event) -> date:
    return event.starts_at.astimezone(event.zone).date()


def check_events(scope: Scope) -> None:
    lines = totals.lines(scope.events)
    here = counted(scope)
    assert totals.total(lines).checked_in == sum(visit.heads for visit in here)
    assert totals.total(lines).check_ins == len(here)
    for line in lines:
        of = counts(line.event.pk)
        got = line.totals
        assert (got.expected, got.checked_in, got.walk_ins, got.no_shows, got.shown) == (
            of.expected,
            of.checked_in,
            of.walk_ins,
            of.no_shows,
            of.shown,
        )
        mine = [visit for visit in here if visit.event.pk == line.event.pk]
        assert (got.held, got.members, got.guests) == (
            int(bool(mine)),
            sum(v.member is not None for v in mine),
            sum(v.member is None for v in mine),
        )


def check_people(scope: Scope) -> None:
    here = [visit for visit in counted(scope) if visit.member]
    often = Counter(visit.member for visit in here)
    first: dict[int, Event] = {}
    for visit in sorted(counted(scope, history=True), key=lambda v: (v.event.starts_at, v.event.pk)):
        if visit.member:
            first.setdefault(visit.member, visit.event)
    new = [member for member, event in first.items() if _on(event) >= scope.filters.first]

    found = people.seen(scope)

    assert found.now == people.People(len(often), sum(n > 1 for n in often.values()), len(new))
    assert {scope.history[place].pk: n for place, n in found.first_timers.items()} == Counter(
        event.pk for event in first.values()
    )
    crowd = people.crowd(scope)
    kind = dict(Member.objects.values_list("pk", "classification"))
    wanted = defaultdict(list)
    for visit in here:
        wanted[kind[visit.member or 0]].append(visit)
    assert {k.name: (k.members, k.check_ins, k.checked_in) for k in crowd.classifications} == {
        name: (len({v.member for v in of}), len(of), sum(v.heads for v in of)) for name, of in wanted.items()
    }
    guests = [visit for visit in counted(scope) if not visit.member]
    assert (crowd.guests.check_ins, crowd.guests.checked_in) == (len(guests), sum(v.heads for v in guests))
    assert sum(k.checked_in for k in crowd.majors) + crowd.guests.checked_in == sum(v.heads for v in counted(scope))
    assert [band.members for band in crowd.bands] == [
        sum(band.low <= n <= (band.high or 10**6) for n in often.values()) for band in crowd.bands
    ]


def check_months(scope: Scope) -> None:
    lines, calendar = totals.lines(scope.events), months.calendar(scope)
    here = counted(scope)
    by_month: dict[date, set[int]] = defaultdict(set)
    heads: Counter[date] = Counter()
    for visit in here:
        heads[_on(visit.event).replace(day=1)] += visit.heads
        if visit.member:
            by_month[_on(visit.event).replace(day=1)].add(visit.member)
    earlier = {v.member for v in counted(scope, history=True) if _on(v.event) < scope.filters.first}
    known = set(earlier)
    found = months.by_month(scope, lines, calendar)
    since = max([FILTERS.first, *[event.on for event in scope.history][:1]])
    assert [month.day for month in found] == [date(2026, number, 1) for number in range(since.month, 9)]
    for number, month in enumerate(found):
        assert month.totals.checked_in == heads[month.day]
        assert month.members == len(by_month[month.day])
        assert month.first_timers == len(by_month[month.day] - known)
        known |= by_month[month.day]
        if number + 1 < len(found):
            assert month.stayed == len(by_month[month.day] & by_month[found[number + 1].day])
    seen: set[int | None] = set(earlier)
    for number, cohort in enumerate(months.cohorts(calendar)):
        new = by_month[cohort.day] - seen
        seen |= by_month[cohort.day]
        assert cohort.members == len(new)
        assert list(cohort.back) == [len(new & by_month[later.day]) for later in found[number + 1 :]]


def check_times(scope: Scope) -> None:
    here = counted(scope)
    arrivals, doors = times.arrivals(scope), times.doors(scope)
    hours = Counter[int]()
    minutes = Counter[int]()
    for visit in here:
        hours[visit.at.astimezone(visit.event.zone).hour] += visit.heads
        if not visit.event.all_day:
            minute = int((visit.at - visit.event.starts_at) / timedelta(minutes=1))
            minutes[max(times.EARLIEST, min(minute, times.LATEST))] += visit.heads
    assert {slot.start: slot.heads for slot in arrivals.hours if slot.heads} == hours
    assert {slot.start: slot.heads for slot in arrivals.minutes if slot.heads} == minutes
    assert {door.method: door.checked_in for door in doors.methods} == _heads(here, lambda v: v.method)
    assert {day.number: day.checked_in for day in doors.weekdays if day.checked_in} == _heads(
        here, lambda v: _on(v.event).weekday()
    )
    assert sum(day.held for day in doors.weekdays) == len({visit.event.pk for visit in here})


def _heads(of: list[Visit], key: object) -> Counter[object]:
    found: Counter[object] = Counter()
    for visit in of:
        found[key(visit)] += visit.heads  # type: ignore[operator]
    return found


def check_attendees(scope: Scope) -> None:
    here = [visit for visit in counted(scope) if visit.member]
    often = Counter(visit.member for visit in here)
    found = attendees.attendees(scope, by=SYSTEM)
    assert {each.member_id: each.visits for each in found.attendees} == often
    assert [each.standing for each in found.attendees] == [
        1 + sum(n > each.visits for n in often.values()) for each in found.attendees
    ]
    held = sorted({(v.event.starts_at, v.event.pk) for v in counted(scope)})
    wanted = set()
    for member, visits_ in often.items():
        last = max((v.event.starts_at, v.event.pk) for v in here if v.member == member)
        if visits_ >= 2 and len(held) >= 3 and last < held[-3]:
            wanted.add((member, sum(each > last for each in held)))
    missing = attendees.not_seen(scope, attendees.Absence(3, 2), by=SYSTEM)
    assert {(each.attendee.member_id, each.events) for each in missing.absent} == wanted
    a, b = (series for series in sorted({event.series for event in scope.events} | {"", "-"})[:2])
    first = {v.member: min(_key(w) for w in here if w.member == v.member and _in(w, a)) for v in here if _in(v, a)}
    both = {v.member for v in here if v.member in first and _in(v, b) and _key(v) > first[v.member]}
    got = followers.followed(scope, lambda event: event.series == a, lambda event: event.series == b)
    assert got == followers.Followed(len(first), len({v.member for v in here if _in(v, b)}), len(both))
    named = followers.followers(scope, lambda event: event.series == a, lambda event: event.series == b, by=SYSTEM)
    assert {each.member_id for each in named} == both


def _key(visit: Visit) -> tuple[datetime, int]:
    return visit.event.starts_at, visit.event.pk


def _in(visit: Visit, name: str) -> bool:
    return (visit.event.series.name if visit.event.series else "") == name
