"""An event's course as staff set it: published, cancelled, hidden. Each locks the event's row and keeps history."""

from __future__ import annotations

from django.db import transaction

from events.models import Event


def publish(event: Event) -> bool:
    """Draft or cancelled → scheduled, and shown to the public. False when it was so already. Safe to repeat."""
    return _change(event, {"stored_status": Event.Stored.SCHEDULED, "hidden": False})


def cancel(event: Event) -> bool:
    """No door admits anybody any more; attendance stays as it is. False when cancelled already. Safe to repeat."""
    return _change(event, {"stored_status": Event.Stored.CANCELLED})


def hide(event: Event) -> bool:
    """Off the public pages; doors are not affected. False when hidden already. Safe to repeat."""
    return _change(event, {"hidden": True})


def _change(event: Event, values: dict[str, object]) -> bool:
    with transaction.atomic():
        current = Event.objects.select_for_update().get(pk=event.pk)
        changed = [name for name, value in values.items() if getattr(current, name) != value]
        if not changed:
            return False
        for name in changed:
            setattr(current, name, values[name])
        current.save(update_fields=[*changed, "updated_at"])
    return True
