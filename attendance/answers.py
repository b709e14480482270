"""What a door tells somebody: built from the facts, and kept with the scan so that a retry hears it again."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from attendance.facts import Facts
from attendance.outcomes import Answer, Outcome
from attendance.subjects import Choice, Subject
from checkin_project.platform.text import mask_name
from members.loyalty import tier_for

_TIMES = ("since_at", "opens_at", "closes_at")


def answer_for(
    outcome: Outcome, facts: Facts, subject: Subject, *, window: tuple[datetime, datetime], at: datetime, heads: int
) -> Answer:
    """The answer to one attempt. `heads` is the party the outcome is about."""
    if outcome is Outcome.AMBIGUOUS:
        return Answer(choices=tuple(Choice(mask_name(m.first_name, m.last_name), m.id) for m in facts.members))
    if not facts.members and not subject.guest_name:
        return Answer()
    row, story = facts.row, facts.story
    member = facts.members[0] if facts.members else None
    name = f"{member.first_name} {member.last_name}".strip() if member else subject.guest_name
    told: dict[str, Any] = {"name": name, "party_size": heads}
    if outcome is Outcome.CHECKED_IN and member:
        earns = facts.event.points if row is None or not row.attended else 0
        told |= {
            "visit": story.visits + 1,
            "weeks_away": (at - story.previous_at).days // 7 if story.previous_at and story.previous_at < at else 0,
            "points": earns,
            "tier": tier_for(story.points_before + earns).value if facts.event.points else "",
        }
    if outcome is Outcome.CHECKED_IN:
        told["is_walk_in"] = row is None or not row.registration
    if row is not None and row.attended:
        told |= {"since_at": row.checked_in_at, "since_method": row.method}
    if outcome in (Outcome.NOT_OPEN_YET, Outcome.CLOSED):
        told |= {"opens_at": window[0], "closes_at": window[1]}
    return Answer(**told)


def to_json(answer: Answer) -> str:
    """Compact: what has its default value is left out."""
    told: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        value = getattr(answer, name)
        if value == default:
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif name == "choices":
            value = [[choice.label, choice.member_id] for choice in answer.choices]
        told[name] = value
    return _ENCODER.encode(told)


# Made once: making one takes longer than encoding does.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DEFAULTS = {name: getattr(Answer(), name) for name in Answer.__slots__}


def from_json(told: dict[str, Any]) -> Answer:
    """The stored answer again."""
    values = dict(told)
    for name in _TIMES:
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    values["choices"] = tuple(Choice(label, member_id) for label, member_id in values.get("choices", ()))
    return Answer(**values)
