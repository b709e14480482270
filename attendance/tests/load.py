"""Clients that check people in over HTTP while servers die, and keep account of what they were told."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from attendance.tests.outage import Answer, Server

CLIENTS = 6
NO_ANSWER = (OSError, http.client.HTTPException)

# Run by `manage.py shell`: people, an event that is going on, and a key to its door.
SEED = """
import json
from datetime import timedelta
from django.utils import timezone
from attendance.devices import Place, pair_here
from attendance.models import Device
from checkin_project.platform.access import Scope
from events.models import Event
from members.keys import create_key
from members.models import Member
now = timezone.now()
event = Event.objects.create(name="Open evening", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=9))
Member.objects.bulk_create([Member(first_name="Ben", last_name=f"Brown {n}", v_number=f"V{n:08d}")
    for n in range(1, 6001)])
key, secret = create_key("Turnstile", [Scope.CHECK_IN])
kiosk, token = pair_here(Place(Device.Kind.KIOSK, "Front door", event_id=event.pk), by_user_id=None, at=now)
print(json.dumps({"event": event.code, "secret": secret, "kiosk": token}))
"""
# Run by `manage.py shell`: what is stored, as the accounts below need it.
READ = """
import json
from attendance.models import Attendance, Scan
from attendance.tests.checker import violations
print(json.dumps({
    "violations": violations(),
    "scans": [[str(operation), outcome, number] for operation, outcome, number in
              Scan.objects.values_list("operation_id", "outcome", "attendance__member__v_number")],
    "attendees": list(Attendance.objects.filter(attended=True).values_list("member__v_number", flat=True)),
}))
"""


@dataclass(frozen=True)
class Stored:
    """What the database holds: outcome and V-number by operation, and who is in."""

    scans: dict[str, tuple[str, str | None]]
    attendees: list[str]
    violations: list[str]


def read(server: Server) -> Stored:
    found = json.loads(server.manage("shell", "--no-imports", "-c", READ))
    scans = {operation: (outcome, number) for operation, outcome, number in found["scans"]}
    return Stored(scans, found["attendees"], found["violations"])


@dataclass
class Account:
    """Each operation by what its client knows: acknowledged, refused for good, or unknown (503, no whole answer)."""

    acked: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return len(self.acked) + len(self.refused) + len(self.unknown)

    def note(self, operation: str, number: str, answer: Answer | None) -> None:
        self.unknown.pop(operation, None)
        if answer is None or answer.status == 503:
            self.unknown[operation] = number
        elif answer.status in (200, 201) and answer.json["outcome"] in ("checked_in", "already_in"):
            self.acked[operation] = number
        elif answer.status == 404 and answer.json["outcome"] == "not_found":
            self.refused[operation] = number
        else:
            raise AssertionError(f"{answer.status}: {answer.text}")


def broken_promises(account: Account, stored: Stored) -> list[str]:
    """One sentence per operation for which the database holds something else than its client was told."""
    attendees = set(stored.attendees)
    found = [
        f"{operation} of {number} was acknowledged and is lost"
        for operation, number in account.acked.items()
        if operation not in stored.scans or number not in attendees
    ]
    found += [f"{number} was refused and is in" for number in account.refused.values() if number in attendees]
    if len(attendees) != len(stored.attendees):
        found.append("somebody is in twice")
    return found + stored.violations


@dataclass
class Load:
    """Clients that check in one person after the other; every tenth number is nobody's."""

    server: Server
    event: str
    secret: str
    account: Account = field(default_factory=Account)
    numbers: Iterable[int] = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, operation: str, number: str) -> Answer | None:
        """One check-in; what the client heard is noted. None when there was no whole answer."""
        body: dict[str, Any] = {"event": self.event, "operation_id": operation, "code": number}
        answer: Answer | None = None
        try:
            answer = self.server.ask("POST", "/api/check-ins", body, {"Authorization": f"Bearer {self.secret}"})
        except NO_ANSWER:
            time.sleep(0.05)
        with self._lock:
            self.account.note(operation, number, answer)
        return answer

    def run(self, quota: int, *, trouble: Callable[[], None], after: int) -> None:
        """Check in until `quota` more operations got an answer; `trouble` comes when `after` of them have."""
        before, errors = self._answered(), []

        def client() -> None:
            try:
                while self._answered() - before < quota:
                    with self._lock:
                        number = next(iter(self.numbers))
                    self.send(str(uuid4()), f"V{number:08d}" if number % 10 else f"V{number + 50_000_000:08d}")
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                errors.append(error)

        threads = [threading.Thread(target=client, daemon=True) for _number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while self._answered() - before < after and not errors:
            time.sleep(0.005)
        trouble()
        for thread in threads:
            thread.join(90)
        if errors:
            raise errors[0]
        assert not any(thread.is_alive() for thread in threads), "the load never ended"

    def _answered(self) -> int:
        return len(self.account.acked) + len(self.account.refused)

    def settle(self) -> None:
        """Send every unknown operation again, with its own id, until it is known."""
        deadline = time.monotonic() + 60
        while self.account.unknown and time.monotonic() < deadline:
            for operation, number in list(self.account.unknown.items()):
                self.send(str(UUID(operation)), number)
        assert self.account.unknown == {}
