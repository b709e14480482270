"""Whoever saves an event or its check-in settings, a panel, the admin or an import: its screens and kiosks are told."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from attendance import live
from events.models import CheckInSettings, Event


def listen() -> None:
    """Both models live below this app and may not know of screens, so Django's own signal carries the news up."""
    post_save.connect(_event_saved, sender=Event, dispatch_uid="attendance.event_saved")
    post_save.connect(_settings_saved, sender=CheckInSettings, dispatch_uid="attendance.settings_saved")


def _event_saved(instance: Event, created: bool = False, **kwargs: Any) -> None:
    live.announce_settings(instance.pk, instance.code)


def _settings_saved(instance: CheckInSettings, **kwargs: Any) -> None:
    # The event's code is looked up by whoever sends the news, unless it is at hand.
    known = CheckInSettings.event.is_cached(instance)
    live.announce_settings(instance.event_id, instance.event.code if known else "")
