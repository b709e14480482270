"""What a kiosk shows and whom it may find: its events, the next one, and people under masked names."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q

from attendance import references
from attendance.devices import actor_of
from attendance.models import Attendance, Device
from attendance.outcomes import CheckInResult
from attendance.subjects import Choice, Subject
from checkin_project.platform.text import clean_v_number, words
from events.models import WIDEST_WINDOW, Event, EventQuerySet, GroupMember, ReviewStatus
from members import passes
from members.matching import likely_members
from members.models import Member, MemberQuerySet
from members.search import LEAST_LETTERS, find_by_name, shown_at_kiosks

LOOK_AHEAD = timedelta(days=60)
MOST_LIKELY = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody a kiosk may offer: a masked label and a sealed reference, nothing else."""

    label: str
    reference: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """The events open at one moment, by start, and when that changes next: None when not within the next days."""

    open: list[Event]
    next_change_at: datetime | None
    at: datetime

    @property
    def open_codes(self) -> str:
        return " ".join(sorted(event.code for event in self.open))

    @property
    def next_change_in(self) -> float | None:
        """Seconds, to the millisecond."""
        return round((self.next_change_at - self.at).total_seconds(), 3) if self.next_change_at else None


def events_of(device: Device) -> EventQuerySet:
    """Every event the device may ever serve, with settings and group. Others do not exist for it."""
    found = Event.objects.visible_to(actor_of(device)).filter(duplicate_of__isnull=True)
    return found.select_related("check_in_settings", "group")


def events_around(device: Device, at: datetime) -> EventQuerySet:
    """Those whose doors a late or early request may still mean: the bound one, or those within two days of `at`."""
    found = events_of(device)
    return (
        found if device.event_id else found.filter(starts_at__lte=at + WIDEST_WINDOW, ends_at__gte=at - WIDEST_WINDOW)
    )


def outlook(device: Device, at: datetime) -> Outlook:
    """What is open at `at`, and when an event opens or closes next. One query."""
    near = list(events_of(device).near_check_in(at).order_by("starts_at", "name", "pk"))
    edges = [edge for event in near for edge in event.check_in_settings.window(event)]
    return Outlook(
        open=[event for event in near if event.check_in_settings.is_open(event, at)],
        next_change_at=min((edge for edge in edges if edge >= at), default=None),
        at=at,
    )


def open_events(device: Device, at: datetime) -> list[Event]:
    """The device's events whose check-in is open at `at`, by start. One query."""
    return outlook(device, at).open


def next_event(device: Device, at: datetime) -> Event | None:
    """The device's next event that opens after `at` within sixty days. One query."""
    coming = _published(events_of(device)).filter(starts_at__lte=at + LOOK_AHEAD, ends_at__gte=at)
    later = [event for event in coming.order_by("starts_at", "name", "pk")[:50] if opens_at(event) > at]
    return min(later, key=opens_at, default=None)


def opens_at(event: Event) -> datetime:
    return event.check_in_settings.window(event)[0]


def version_of(event: Event) -> str:
    """Changes when something that the event's kiosk page shows, or lets people do, has changed."""
    rules = event.check_in_settings
    when = (event.starts_at, event.ends_at, event.timezone, event.all_day, rules.window(event))
    return _digest(event.name, event.location, when, rules.play_sound, rules.walk_ins)


def home_version(device: Device, open_now: list[Event], coming: Event | None) -> str:
    """Changes when something on the screens without an event of their own has changed: choosing and waiting."""
    if open_now:
        return _digest(*(version_of(event) for event in open_now))
    if coming:
        return _digest(version_of(coming))
    return _digest(device.event.name, device.event.status.value) if device.event else _digest()


def _digest(*shown: object) -> str:
    return f"{zlib.crc32(repr(shown).encode()):08x}"


def is_name(text: str) -> bool:
    """Is this a name to search, rather than a number or code to look up? Codes carry digits, names do not."""
    if any(character.isdigit() for character in text):
        return False
    return not (passes.normalise(text) and not any(character.isspace() for character in text.strip()))


def is_v_number(text: str) -> bool:
    try:
        return bool(clean_v_number(text))
    except ValidationError:
        return False


def is_long_enough(query: str) -> bool:
    return any(len(word) >= LEAST_LETTERS for word in words(query))


def search(query: str, event: Event, device: Device, *, at: datetime) -> list[Hit]:
    """At most eight people of this event whose names begin so, masked. One query."""
    found = find_by_name(query, within=shown_at_kiosks(people_of(event)))
    return [_hit(member, event, device, at) for member in found]


def people_of(event: Event) -> MemberQuerySet:
    """Whom a search for this event may find: its list and its group's people; everybody when it has no group."""
    if event.group_id is None:
        return Member.objects.all()
    listed = Attendance.objects.filter(event=event, member__isnull=False).exclude(state=Attendance.State.CANCELLED)
    linked = GroupMember.objects.filter(group_id=event.group_id)
    return Member.objects.filter(Q(pk__in=listed.order_by().values("member_id")) | Q(pk__in=linked.values("member_id")))


def likely_hits(details: Member, event: Event, device: Device, *, at: datetime) -> list[Hit]:
    """People on record whom somebody who fills in the form probably is, masked. `details` is not saved yet.

    The V-number is left aside: one that is on record has been offered already, another one may be a slip of the finger.
    """
    found = likely_members(
        details.first_name,
        details.last_name,
        email=details.student_email or details.personal_email or "",
        within=shown_at_kiosks(Member.objects.all()),
    )
    return [_hit(likeness.member, event, device, at) for likeness in found[:MOST_LIKELY]]


def choice_hits(choices: tuple[Choice, ...], event: Event, device: Device, *, at: datetime) -> list[Hit]:
    """The masked choices of an ambiguous answer, as buttons need them; those hidden at kiosks left out."""
    shown = shown_at_kiosks(Member.objects.filter(pk__in=[choice.member_id for choice in choices]))
    return [_hit(member, event, device, at) for member in shown]


def masked(result: CheckInResult, subject: Subject) -> CheckInResult:
    """The same result, speaking of "Ana K."."""
    member = Member.objects.filter(subject.as_filter()).only("first_name", "last_name").first()
    if member is None:
        return result
    return replace(result, answer=replace(result.answer, name=member.masked_name))


def _hit(member: Member, event: Event, device: Device, at: datetime) -> Hit:
    reference = references.seal(member.pk, device_id=device.pk, event_code=event.code, at=at)
    return Hit(member.masked_name, reference)


def _published(events: EventQuerySet) -> EventQuerySet:
    return events.filter(review_status=ReviewStatus.APPROVED, stored_status=Event.Stored.SCHEDULED)
