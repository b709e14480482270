"""What screens listen to. Names are made here alone, never by a client."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

# Any event or its check-in settings changed: for kiosks that follow today's events.
KIOSKS = "kiosks"


def numbers_topic(event_code: str, *, names: bool) -> str:
    """The event's numbers, with or without the feed of who came."""
    return f"{'staff' if names else 'public'}.{event_code}"


def settings_topic(event_code: str) -> str:
    """The event or its check-in settings changed."""
    return f"settings.{event_code}"


def channel(topic: str) -> str:
    """The topic's name in Redis, which may be shared with others."""
    return f"{settings.LIVE_PREFIX}:{topic}"


@dataclass(frozen=True, slots=True)
class Message:
    """What screens are sent. A newer one of its kind takes its place; those without versions are always news."""

    kind: str
    text: str
    version: int = 0

    def packed(self) -> bytes:
        return f"{self.kind} {self.version} {self.text}".encode()


def unpacked(data: bytes) -> Message:
    kind, version, text = data.decode().split(" ", 2)
    return Message(kind, text, int(version))


def counts_message(told: dict[str, Any]) -> Message:
    """Ready to be sent as often as there are screens."""
    return Message("counts", json.dumps(told, separators=(",", ":")), told["version"])


def settings_message(event_code: str) -> Message:
    told = {"type": "settings", "event": event_code, "version": time.time_ns() // 1000}
    return Message("settings", json.dumps(told, separators=(",", ":")))
