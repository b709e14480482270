"""Demo data for an empty database: a small campus whose club night is going on right now."""

import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from attendance.checkin import check_in
from attendance.models import Method
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.models import User
from events.models import Category, CheckInSettings, Event, Group, GroupMember, RunDay, Series
from members import passes
from members.models import Member

USERNAME = "demo"
# First name, last name, classification, major; the V-number follows from the place in the list.
PEOPLE = (
    ("Ben", "Brown", "freshman", "Biology"),
    ("Cleo", "Martin", "senior", "Computer Science"),
    ("Dana", "Okafor", "junior", "Mathematics"),
    ("Elif", "Yılmaz", "sophomore", "Architecture"),
    ("Finn", "O’Brien", "freshman", "History"),
    ("Grace", "Nguyễn", "graduate", "Chemistry"),
    ("Hugo", "Lindström", "junior", "Music"),
    ("Inés", "García López", "senior", "Economics"),
    ("Jean-Luc", "Moreau", "alumni", "Physics"),
    ("Kofi", "Mensah", "sophomore", "Law"),
    ("Lena", "Schröder", "junior", "Nursing"),
    ("Mara", "Ionescu", "freshman", "Philosophy"),
    ("Noah", "Kim", "senior", "Design"),
    ("Olivia", "Brown", "sophomore", "Biology"),
    ("Priya", "Raman", "graduate", "Statistics"),
    ("Quentin", "Dubois", "freshman", "Geography"),
    ("Rosa", "Ferreira", "junior", "Education"),
    ("Samir", "Haddad", "senior", "Engineering"),
    ("Tess", "van Dijk", "sophomore", "Linguistics"),
    ("Uma", "Patel", "other", ""),
    ("Victor", "Nowak", "junior", "Finance"),
    ("Wendy", "Clarke", "alumni", "Theatre"),
    ("Ximena", "Torres", "freshman", "Art"),
    ("Yusuf", "Demir", "senior", "Medicine"),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in; `password` is empty when it was set by an earlier run and nobody but the user knows it."""

    username: str
    password: str


def is_empty() -> bool:
    """Is there nothing that demo data could get in the way of?"""
    return not (User.objects.exists() or Member.objects.exists() or Event.objects.exists())


@transaction.atomic
def fill(*, at: datetime, password: str = "") -> SignIn | None:
    """Put the demo into an empty database; None when that holds records which are not the demo's.

    Safe to repeat: a demo that stands is left alone, its password too.
    """
    if not is_empty():
        return SignIn(USERNAME, "") if User.objects.filter(username=USERNAME).exists() else None
    password = password or secrets.token_urlsafe(12)
    User.objects.create_superuser(USERNAME, password=password, role=Role.ADMINISTRATOR, first_name="Ana")
    people = _people(at)
    chess, runners = _groups(people, at)
    tonight = _tonight(chess, at)
    _door(tonight, people, at)
    _around(runners, chess, at)
    return SignIn(USERNAME, password)


def _people(at: datetime) -> list[Member]:
    people = [
        Member.objects.create(
            first_name=first,
            last_name=last,
            classification=classification,
            major=major,
            v_number=f"V{number:08d}",
            student_email=f"person{number}@campus.example",
        )
        for number, (first, last, classification, major) in enumerate(PEOPLE, start=1234501)
    ]
    for member in people[:8]:
        passes.issue(member, at=at)
    return people


def _groups(people: list[Member], at: datetime) -> tuple[Group, Group]:
    games, sport = (Category.objects.create(name=name, slug=name.lower()) for name in ("Games", "Sport"))
    chess = Group.objects.create(
        name="Campus Chess Club", slug="campus-chess-club", website="https://chess.example.org"
    )
    runners = Group.objects.create(name="River Runners", slug="river-runners")
    chess.categories.add(games)
    runners.categories.add(sport)
    GroupMember.objects.bulk_create(
        GroupMember(group=group, member=member, since=at - timedelta(days=90), how=GroupMember.How.JOINED)
        for group, members in ((chess, people[:16]), (runners, people[10:]))
        for member in members
    )
    return chess, runners


def _tonight(chess: Group, at: datetime) -> Event:
    """Going on now, with a capacity, so that a full house can be seen."""
    start = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0) - timedelta(minutes=30)
    return Event.objects.create(
        name="Chess night",
        description="Bring a friend. Boards, clocks and tea are there.",
        group=chess,
        starts_at=start,
        ends_at=start + timedelta(hours=4),
        timezone=settings.TIME_ZONE,
        location="Library, room 204",
        capacity=30,
    )


def _door(event: Event, people: list[Member], at: datetime) -> None:
    """Some are expected, some of them are in, and one guest walked in: all through the rule."""
    for member in people[:12]:
        register(by_member(member.pk), event.code, by=SYSTEM, at=at - timedelta(days=2))
    subjects = [*(by_member(member.pk) for member in (*people[2:7], people[14])), by_guest_name("Zoe Adler")]
    for number, subject in enumerate(subjects):
        moment = at - timedelta(minutes=28 - 3 * number)
        check_in(subject, event.code, by=SYSTEM, at=moment, operation_id=uuid4(), door=Method.STAFF)


def _around(runners: Group, chess: Group, at: datetime) -> None:
    """A weekly run with its day, something all day today, and something tomorrow."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = at.astimezone(zone).date()
    midnight = datetime.combine(today, time(), tzinfo=zone)
    run = Series.objects.create(
        group=runners,
        name="Weekly river run",
        slug="weekly-river-run",
        default_start=time(18, 30),
        duration_minutes=90,
        location="Boathouse",
        timezone=settings.TIME_ZONE,
        points=10,
    )
    RunDay.objects.create(series=run, date=today + timedelta(days=1))
    fair = Event.objects.create(
        name="Club fair",
        starts_at=midnight,
        ends_at=datetime.combine(today + timedelta(days=1), time(), tzinfo=zone),
        all_day=True,
        timezone=settings.TIME_ZONE,
        location="Main square",
    )
    # Chess night has a poster's code; here is one that changes every half minute.
    CheckInSettings.objects.filter(event=fair).update(self_check_in=CheckInSettings.SelfCheckIn.ROTATING)
    tomorrow = datetime.combine(today + timedelta(days=1), time(18, 30), tzinfo=zone)
    for name, group, series, start, hours in (
        ("Weekly river run", runners, run, tomorrow, 1.5),
        ("Openings for beginners", chess, None, tomorrow + timedelta(days=3), 2),
    ):
        Event.objects.create(
            name=name,
            group=group,
            series=series,
            starts_at=start,
            ends_at=start + timedelta(hours=hours),
            timezone=settings.TIME_ZONE,
            location=series.location if series else "Library, room 204",
            source=Event.Source.CALENDAR if series else Event.Source.STAFF,
        )
