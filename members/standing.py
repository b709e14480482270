"""May a member come in: blocking, unblocking, and turning provisional people into members."""

from __future__ import annotations

from django.db import transaction

from members.models import Member


def set_status(member: Member, status: Member.Status) -> bool:
    """Store the status with its history; False when it was so already. Locks the member's row. Safe to repeat."""
    with transaction.atomic():
        current = Member.objects.select_for_update().get(pk=member.pk)
        if current.status == status:
            return False
        current.status = status
        current.save(update_fields=["status", "updated_at"])
    return True
