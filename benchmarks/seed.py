"""Fill the configured, migrated database for a measurement; the last line printed is JSON {kind: [event codes]}.

Kinds: `plain` (an event at its defaults), `group` (an event of a group that gives points), `capacity` (a limited one).
Members are numbered from 1 and carry the V-number V1 and seven digits. Run by `run.py`, not by hand.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
from datetime import timedelta
from pathlib import Path

import django

NAMES = Path(__file__).with_name("names.txt")


def seed_members(amount: int) -> None:
    """Members with every combination of names, so that a prefix finds as many as it would in real life."""
    from members.models import Member, MemberWord

    first_names, last_names = (part.split() for part in NAMES.read_text().split("\n\n"))
    names = itertools.islice(itertools.cycle(itertools.product(first_names, last_names)), amount)
    members = Member.objects.bulk_create(
        [
            Member(first_name=first, last_name=last, v_number=f"V1{number:07d}")
            for number, (first, last) in enumerate(names, start=1)
        ],
        batch_size=2000,
    )
    MemberWord.objects.rebuild(members)


def seed_events(plain: int, special: int) -> dict[str, list[str]]:
    """Events that are open now and for the hours a measurement may take."""
    from django.utils import timezone

    from events.models import CheckInSettings, Event, Group

    now = timezone.now()
    when = {"starts_at": now - timedelta(minutes=5), "ends_at": now + timedelta(hours=6)}
    group = Group.objects.create(name="Benchmark Club", slug="benchmark-club")
    kinds: dict[str, list[Event]] = {
        "plain": [Event.objects.create(name=f"Plain {number}", **when) for number in range(plain)],
        "group": [Event.objects.create(name=f"Club {number}", group=group, **when) for number in range(special)],
        "capacity": [
            Event.objects.create(name=f"Limited {number}", capacity=500_000, **when) for number in range(special)
        ],
    }
    CheckInSettings.objects.filter(event__group=group).update(points=10)
    return {kind: [event.code for event in events] for kind, events in kinds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--special", type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    django.setup()

    seed_members(options.members)
    print(json.dumps(seed_events(options.events, options.special)))


if __name__ == "__main__":
    main()
