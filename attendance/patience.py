"""How often a phone may try at the door of an event code.

One phone is counted first. A whole campus may stand behind one address, so what comes from there together has far wider
limits, and even where too many wrong numbers came from names go on working.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from attendance.outcomes import Outcome
from attendance.subjects import By, Subject
from checkin_project.platform.limits import allow, attempts, attempts_so_far

ATTEMPTS_SECONDS = 60
ATTEMPTS_OF_A_PHONE = 12
ATTEMPTS_OF_A_PLACE = 1200
# Numbers that nobody has: a slip of the finger, or somebody who tries numbers.
MISSES_SECONDS = 300
MISSES_OF_A_PHONE = 6
MISSES_OF_A_PLACE = 150


@dataclass(frozen=True, slots=True)
class Patience:
    """`phone` tells one browser from another as long as it keeps its cookie; `place` is its address and the event."""

    phone: str
    place: str

    def is_over(self) -> bool:
        """Count this attempt; True when there were too many in this minute."""
        counts = ((self._phone, ATTEMPTS_OF_A_PHONE), (self.place, ATTEMPTS_OF_A_PLACE))
        # What one phone tries too often is not counted against all the others.
        return not all(allow(f"self:{who}", limit=most, seconds=ATTEMPTS_SECONDS) for who, most in counts)

    def is_over_for_numbers(self, subject: Subject) -> bool:
        """True when `subject` is a number or code, and too many came that nobody has."""
        counts = ((self._phone, MISSES_OF_A_PHONE), (self.place, MISSES_OF_A_PLACE))
        return _is_number(subject) and any(
            attempts_so_far(f"self-miss:{who}", seconds=MISSES_SECONDS) >= most for who, most in counts
        )

    def note(self, subject: Subject, outcome: Outcome) -> None:
        """Remember a number that nobody has."""
        if _is_number(subject) and outcome is Outcome.NOT_FOUND:
            for who in (self._phone, self.place):
                attempts(f"self-miss:{who}", seconds=MISSES_SECONDS)

    @property
    def _phone(self) -> str:
        # What tells a phone is a secret of its own, which a shared cache need not hold.
        return hashlib.sha256(self.phone.encode()).hexdigest()[:24]


def _is_number(subject: Subject) -> bool:
    return subject.by in (By.NUMBER, By.PASS, By.NOBODY)
