"""Sessions of a rotating code: opening the page grants five minutes for one accepted check-in.

A session is a signed value in the page's form, so that opening the page writes nothing. Only the check-in that uses it
up leaves a row. See docs/decisions/0015-sessions-without-writing.md.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature

from attendance.eventcodes import AHEAD, CodeSigner, Reading, base36
from attendance.models import CodeSession
from events.models import CODE_LENGTH

LIFE = timedelta(minutes=5)
# Used sessions are swept when they can mean nothing any more, by one check-in of these many.
SWEPT_AFTER = timedelta(hours=1)
SWEEP_ONE_IN = 64
MOST_CHARACTERS = 100
_PURPOSE = "session"
_FORM = re.compile(rf"([0-9a-f]{{32}})([A-Z0-9]{{{CODE_LENGTH}}})([0-9A-Z]{{7}})([0-9A-Z]{{1,7}})")


@dataclass(frozen=True, slots=True)
class Session:
    """One opening of the page of an event's rotating code."""

    nonce: str
    event_code: str
    opened_at: datetime
    version: int

    def is_over(self, at: datetime) -> bool:
        return not -AHEAD <= at - self.opened_at <= LIFE


def grant(reading: Reading, *, at: datetime) -> str:
    """A new session for who has just opened a code that reads well, as the form carries it. Writes nothing."""
    event, _kind = reading.known
    stamp = f"{base36(int(at.timestamp())):0>7}{base36(reading.version)}"
    return CodeSigner(_PURPOSE).sign(f"{secrets.token_hex(16)}{event.code}{stamp}")


def find(text: str) -> Session | None:
    """The session that we granted, over or not; None for anything else."""
    if len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    match = _FORM.fullmatch(text.rpartition(".")[0])
    if match is None:
        return None
    try:
        CodeSigner(_PURPOSE).unsign(text)
    except BadSignature:
        return None
    nonce, event_code, seconds, version = match.groups()
    return Session(nonce, event_code, datetime.fromtimestamp(int(seconds, 36), UTC), int(version, 36))


def claim(session: Session, operation_id: UUID, *, at: datetime) -> UUID:
    """Use the session up for this operation, unless another one was first; whose it is now.

    Of two at the same instant the second waits until the first has committed or released. Call inside a transaction.
    """
    if int(session.nonce[:8], 16) % SWEEP_ONE_IN == 0:
        sweep(at=at)
    row = CodeSession(nonce=session.nonce, operation_id=operation_id, used_at=at)
    CodeSession.objects.bulk_create([row], ignore_conflicts=True)
    return CodeSession.objects.values_list("operation_id", flat=True).get(nonce=session.nonce)


def release(session: Session, operation_id: UUID) -> None:
    """The operation was refused: its session may be used for another attempt."""
    CodeSession.objects.filter(nonce=session.nonce, operation_id=operation_id).delete()


def sweep(*, at: datetime) -> None:
    """Forget sessions that were used so long ago that nobody can come with them again."""
    CodeSession.objects.filter(used_at__lt=at - SWEPT_AFTER).delete()
