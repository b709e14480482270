"""The desk of an event: whom staff find there, and whom somebody new probably is.

People are named by sealed references bound to the member of staff and the event, so that a page never carries ids that
another person could try out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from attendance import kiosk, references
from attendance.models import Attendance, Scan
from attendance.outcomes import CheckInResult
from attendance.subjects import By, Subject, by_member
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import words
from events.models import Event
from members.matching import likely_members
from members.models import Member, MemberQuerySet
from members.search import LEAST_LETTERS, MOST_HITS, find_by_name, shown_at_kiosks

MOST_LIKELY = 3
# Names of guests live in the event's own rows; more than these are not searched.
MOST_GUESTS, GUESTS_SHOWN = 5000, 4


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody the desk may mean: a member by `reference`, or a guest by name. `row` is how they stand at the event."""

    label: str
    detail: str = ""
    reference: str = ""
    guest: str = ""
    row: Attendance | None = None


def may_search(actor: Actor, event: Event) -> bool:
    return actor.may(Permission.SEARCH, event.group_id)


def people_for(actor: Actor, event: Event) -> MemberQuerySet:
    """Whom the actor's search finds: the members they may see, and everybody on this event's list."""
    visible = Member.objects.visible_to(actor)
    if actor.may(Permission.SEARCH):
        return visible
    listed = Attendance.objects.visible_to(actor).filter(event=event, member__isnull=False).order_by()
    return Member.objects.filter(Q(pk__in=visible.values("pk")) | Q(pk__in=listed.values("member_id")))


def search(query: str, event: Event, actor: Actor, *, at: datetime) -> list[Hit]:
    """At most eight members whose names begin so, those on this event's list first, and four of its guests.

    Four queries.
    """
    people = people_for(actor, event)
    listed = Attendance.objects.filter(event=event, member__isnull=False).order_by().values("member_id")
    members = find_by_name(query, within=people.filter(pk__in=listed))
    members += find_by_name(query, within=people.exclude(pk__in=listed), limit=MOST_HITS - len(members))
    rows = {row.member_id: row for row in Attendance.objects.filter(event=event, member__in=members)}
    return [*(_hit(member, event, actor, at, rows.get(member.pk)) for member in members), *_guests(query, event)]


def _guests(query: str, event: Event) -> list[Hit]:
    asked = words(query)
    if not any(len(word) >= LEAST_LETTERS for word in asked):
        return []
    rows = Attendance.objects.filter(event=event, member__isnull=True).order_by("guest_name", "pk")[:MOST_GUESTS]
    found = [row for row in rows if _begins(asked, row.guest_name)][:GUESTS_SHOWN]
    return [Hit(row.guest_name, guest=row.guest_name, row=row) for row in found]


def _begins(asked: list[str], name: str) -> bool:
    named = words(name)
    return all(any(word.startswith(part) for word in named) for part in asked)


def likely(name: str, event: Event, actor: Actor, *, at: datetime) -> list[Hit]:
    """Members whom a guest of this name probably is. Who may not search gets masked names only."""
    if not kiosk.is_long_enough(name):
        return []
    first, _space, last = name.strip().partition(" ")
    within = people_for(actor, event) if may_search(actor, event) else shown_at_kiosks(kiosk.people_of(event))
    found = [each.member for each in likely_members(first, last, within=within)[:MOST_LIKELY]]
    rows = {row.member_id: row for row in Attendance.objects.filter(event=event, member__in=found)}
    return [_hit(member, event, actor, at, rows.get(member.pk)) for member in found]


def choices(result: CheckInResult, event: Event, actor: Actor, *, at: datetime) -> list[Hit]:
    """The people of an ambiguous answer, as the actor may see them."""
    meant = Member.objects.filter(pk__in=[choice.member_id for choice in result.answer.choices]).order_by("pk")
    if not may_search(actor, event):
        meant = shown_at_kiosks(meant)
    return [_hit(member, event, actor, at, None) for member in meant]


def reference_of(subject: Subject, event: Event, actor: Actor, *, at: datetime) -> str:
    """A sealed reference to whom a code meant, so that the next form need not carry the code; "" for nobody."""
    if subject.by in (By.GUEST, By.NOBODY):
        return ""
    found = list(Member.objects.filter(subject.as_filter()).values_list("pk", flat=True)[:2])
    return _seal(found[0], event, actor, at) if len(found) == 1 else ""


def subject_of(reference: str, event: Event, actor: Actor, *, operation_id: UUID, at: datetime) -> Subject:
    """Whom a reference means. Raises ReferenceRefused when forged, somebody else's, or older than five minutes."""
    opened = references.unseal(reference, device_id=_holder(actor), event_code=event.code, at=at)
    # An attempt whose answer got lost is answered again, however long the way back took.
    if (
        opened.is_expired
        and not Scan.objects.filter(operation_id=operation_id, user_id=int(actor.user_id or 0)).exists()
    ):
        raise references.ReferenceRefused
    return by_member(opened.member_id)


def _hit(member: Member, event: Event, actor: Actor, at: datetime, row: Attendance | None) -> Hit:
    reference = _seal(member.pk, event, actor, at)
    if not may_search(actor, event):
        return Hit(member.masked_name, reference=reference)
    known = [member.v_number or "", member.get_classification_display() if member.classification else ""]
    return Hit(member.full_name, " · ".join(filter(None, known)), reference, row=row)


def _seal(member_id: int, event: Event, actor: Actor, at: datetime) -> str:
    return references.seal(member_id, device_id=_holder(actor), event_code=event.code, at=at)


def _holder(actor: Actor) -> int:
    """Users and devices have numbers of their own; below nought they cannot be taken for each other."""
    return -int(actor.user_id or 0)
