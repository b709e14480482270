"""How an event stands before anybody has said who they are: open, or what the rule would say to everybody."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime

from attendance.outcomes import Outcome
from attendance.verdict import Situation, decide
from events.models import Event, ReviewStatus


@dataclass(frozen=True, slots=True)
class Openness:
    """`problem` is None while check-in is open, else EVENT_CANCELLED, NOT_PUBLISHED, NOT_OPEN_YET or CLOSED."""

    problem: Outcome | None
    opens_at: datetime
    closes_at: datetime


def openness(event: Event, *, at: datetime) -> Openness:
    """What the rule says at `at` to somebody against whom nothing speaks. One query for the settings at most."""
    opens_at, closes_at = event.check_in_settings.window(event)
    anybody = Situation(
        at=at,
        opens_at=opens_at,
        closes_at=closes_at,
        event_cancelled=event.stored_status == Event.Stored.CANCELLED,
        event_published=event.review_status == ReviewStatus.APPROVED and event.stored_status != Event.Stored.DRAFT,
    )
    outcome = decide(anybody, lambda: sys.maxsize).outcome
    return Openness(None if outcome is Outcome.CHECKED_IN else outcome, opens_at, closes_at)
