"""Fill a migrated PostgreSQL database with years of attendance: what pages that read everything are measured on.

    DATABASE_URL=postgresql://… .venv/bin/python benchmarks/seed_million.py       # into an empty, migrated database

20,000 members, 500 events of 20 groups and 12 series within three years, 1,000,000 attendances: regulars and people who
came once, guests, walk-ins, no-shows, cancelled registrations, all doors. The numbers are the same on every run; the
times end two weeks from now. `prepared()` makes such a database in a cluster, for other measurements.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cluster import Cluster
from contenders import ROOT, project_environment
from processes import run

MEMBERS, EVENTS, ATTENDANCES = 20_000, 500, 1_000_000
GROUPS, SERIES = 20, 12
NAMES = Path(__file__).with_name("names.txt")
MAJORS = (
    "Computer Science Biology Nursing History Mathematics Physics Chemistry Economics Psychology Music Art English "
    "Philosophy Sociology Accounting Marketing Geology Theatre Education Engineering"
).replace("Computer Science", "Computer_Science")

# Who comes to what: the chance grows with how often a member comes at all, by the power of a uniform number.
PEOPLE = """
INSERT INTO attendance (event_id, member_id, guest_name, guest_key, registration, registered_at, registered_party_size,
    state, attended, checked_in_at, checked_out_at, method, is_walk_in, party_size, scan_count, device_id,
    checked_in_by_id, note, version, created_at, updated_at)
WITH keen AS MATERIALIZED (SELECT id, power(random(), 3) * 4 AS factor FROM members),
chosen AS MATERIALIZED (
    SELECT e.id AS event_id, e.starts_at, e.starts_at > now() AS is_ahead, k.id AS member_id,
        random() AS fate, random() AS early, random() AS door, random() AS planned
    FROM (SELECT id, starts_at, 0.043 + 0.156 * power(random(), 2) AS share FROM events) e
    CROSS JOIN keen k WHERE random() < e.share * k.factor ORDER BY e.starts_at, early LIMIT %(most)s),
told AS (SELECT *, NOT is_ahead AND fate < 0.86 AS came, is_ahead OR fate >= 0.86 OR planned < 0.6 AS was_registered,
        starts_at + interval '1 second' * round((-1800 + 5400 * (early + planned) / 2)::numeric, 2) AS at FROM chosen)
SELECT event_id, member_id, '', '',
    CASE WHEN NOT was_registered THEN '' WHEN came OR is_ahead THEN 'registered'
        WHEN fate < 0.96 THEN 'no_show' ELSE 'cancelled' END,
    CASE WHEN was_registered THEN starts_at - interval '1 day' * (0.2 + 20 * early) END, 1,
    CASE WHEN came THEN 'attended' WHEN is_ahead THEN 'registered' WHEN fate < 0.96 THEN 'no_show' ELSE 'cancelled' END,
    came, CASE WHEN came THEN at END, CASE WHEN came AND fate < 0.2 THEN at + interval '50 minutes' END,
    CASE WHEN NOT came THEN '' ELSE (ARRAY['kiosk', 'kiosk', 'kiosk', 'kiosk', 'scanner', 'scanner', 'scanner', 'self',
        'self', 'poster', 'staff', 'import', 'paper', 'api'])[1 + floor(door * 14)::int] END,
    came AND NOT was_registered, CASE WHEN planned > 0.98 THEN 2 ELSE 1 END, CASE WHEN came THEN 1 ELSE 0 END,
    NULL, NULL, '', 1, starts_at - interval '30 days', starts_at
FROM told
"""
GUESTS = """
INSERT INTO attendance (event_id, member_id, guest_name, guest_key, registration, registered_at, registered_party_size,
    state, attended, checked_in_at, checked_out_at, method, is_walk_in, party_size, scan_count, device_id,
    checked_in_by_id, note, version, created_at, updated_at)
SELECT id, NULL, name, lower(name), '', NULL, 1, 'attended', true, at, NULL, 'kiosk', true, 1, 1, NULL, NULL, '', 1,
    at, at
FROM (SELECT e.id, m.first_name || ' ' || m.last_name || ' ' || n AS name,
        e.starts_at + interval '1 second' * round((random() * 3600)::numeric, 2) AS at
    FROM generate_series(1, %(missing)s) n
    JOIN (SELECT id, starts_at, row_number() OVER (ORDER BY starts_at) AS place,
            count(*) OVER () AS places FROM events WHERE starts_at < now() - interval '1 day') e
        ON e.place = 1 + n %% e.places
    JOIN (SELECT first_name, last_name, row_number() OVER (ORDER BY id) AS place FROM members) m
        ON m.place = 1 + n %% %(members)s) guests ORDER BY at
"""
CAME = """
INSERT INTO group_members (group_id, member_id, since, how)
SELECT e.group_id, a.member_id, min(a.checked_in_at), 'came' FROM attendance a JOIN events e ON e.id = a.event_id
WHERE a.attended AND a.member_id IS NOT NULL AND e.group_id IS NOT NULL GROUP BY 1, 2
"""


def prepared(cluster: Cluster, folder: Path, name: str) -> str:
    """A new database of this name in the cluster, migrated and filled; its URL. Takes about a minute."""
    url = cluster.create_database(name)
    env = project_environment(folder, url, "", 8300, threads=1)
    run([sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"], env=env)
    run([sys.executable, str(ROOT / "benchmarks" / "seed_million.py")], env=env)
    return url


def fill(*, attendances: int = ATTENDANCES) -> None:
    """Fill the configured, migrated, empty database. Fewer attendances take their share of members and events."""
    share = attendances / ATTENDANCES
    _members(max(50, round(MEMBERS * share)))
    _events(max(10, round(EVENTS * share)))
    _attendance(attendances)


def _members(amount: int) -> None:
    from checkin_project.platform.text import words
    from members.models import Member, MemberWord

    chance = Random(20_000)
    # Words that are no names have no business in here.
    parts = NAMES.read_text().split("\n\n")[-2:]
    lists = [[word for word in part.split() if word.istitle() and word[0].isalpha()] for part in parts]
    pairs = list(itertools.product(*lists))
    chance.shuffle(pairs)
    majors = [major.replace("_", " ") for major in MAJORS.split()]
    classes = [*Member.Classification.values, ""]
    members = [
        Member(
            legacy_id=str(number),
            first_name=first,
            last_name=last,
            v_number=f"V1{number:07d}",
            classification=classes[number % len(classes)],
            major=chance.choice(majors),
            student_email=f"student{number}@campus.example",
            personal_email=f"{'.'.join(words(f'{first} {last}'))}.{number}@mail.example" if number % 3 else None,
        )
        for number, (first, last) in enumerate(itertools.islice(itertools.cycle(pairs), amount), start=1)
    ]
    MemberWord.objects.rebuild(Member.objects.bulk_create(members, batch_size=2000))


def _events(amount: int) -> None:
    from events.models import CheckInSettings, Event, Group, Series

    chance = Random(500)
    groups = [Group.objects.create(name=f"Club {n}", slug=f"club-{n}") for n in range(1, GROUPS + 1)]
    series = [
        Series.objects.create(name=f"Weekly {n}", slug=f"weekly-{n}", group=groups[n], default_start="18:00")
        for n in range(SERIES)
    ]
    last = datetime.now(tz=UTC).replace(hour=18, minute=0, second=0, microsecond=0) + timedelta(days=14)
    made = []
    for number in range(amount):
        repeats = series[number % SERIES] if number % 2 else None
        starts_at = last - timedelta(days=(amount - 1 - number) * 1095 / amount, hours=chance.randrange(0, 8))
        made.append(
            Event(
                legacy_id=f"E{number + 1}",
                name=f"{repeats.name if repeats else 'Evening'} no. {number + 1}",
                location=f"Hall {number % 9 + 1}",
                series=repeats,
                # Every tenth belongs to the house itself.
                group=repeats.group if repeats else groups[number % GROUPS] if number % 10 else None,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
            )
        )
    events = Event.objects.bulk_create(made)
    CheckInSettings.objects.bulk_create([CheckInSettings(event=event) for event in events])


def _attendance(amount: int) -> None:
    from django.db import connection, transaction

    from attendance.models import Attendance
    from members.models import Member

    with transaction.atomic(), connection.cursor() as cursor:
        # Larger than a page's statement may take; chance is the same on every run.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(PEOPLE, {"most": round(amount * 0.96)})
        missing: dict[str, Any] = {"missing": amount - Attendance.objects.count(), "members": Member.objects.count()}
        cursor.execute(GUESTS, missing)
        cursor.execute(CAME)
    with connection.cursor() as cursor:
        # As autovacuum would have done in a database that was not filled a second ago.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attendances", type=int, default=ATTENDANCES)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    fill(attendances=options.attendances)


if __name__ == "__main__":
    main()
