"""Live numbers: announced to screens after the commit, by a thread of its own, so that no door waits for it."""

from __future__ import annotations

from django.db import transaction

from attendance import hub
from attendance.publisher import publisher
from attendance.reading import message_for, note_change, snapshot

__all__ = ["announce", "announce_settings", "finish", "message_for", "snapshot"]


def announce(event_id: int, event_code: str, *, numbers_changed: bool = True) -> None:
    """Tell the event's screens, after the commit, that its numbers changed, or only what happened at its doors."""
    # Not a partial: Django names what failed by its __qualname__, which a partial lacks, and would fail itself.
    transaction.on_commit(lambda: _changed(event_id, event_code, numbers_changed), robust=True)


def announce_settings(event_id: int, event_code: str = "") -> None:
    """Tell the event's screens and kiosks, after the commit, that the event or its check-in settings changed.

    Saving an Event or CheckInSettings does this by itself; whoever changes them by `QuerySet.update()` has to.
    """
    transaction.on_commit(lambda: _settings_changed(event_id, event_code), robust=True)


def finish(seconds: float = 10.0) -> bool:
    """Send what was announced so far, end the thread that sends, and wait for what is being asked for screens.

    False when that takes longer than `seconds`.
    """
    return publisher.finish(seconds) and hub.finish(seconds)


def _changed(event_id: int, event_code: str, numbers_changed: bool) -> None:
    if numbers_changed:
        note_change(event_id)
    publisher.mark(event_id, event_code)


def _settings_changed(event_id: int, event_code: str) -> None:
    note_change(event_id)
    publisher.mark(event_id, event_code, settings_changed=True)
