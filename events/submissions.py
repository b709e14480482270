"""Deciding about what was proposed: each event or group is approved or rejected once, and who and when is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from checkin_project.platform.access import Actor
from events.models import Event, Group, ReviewStatus

Proposal = TypeVar("Proposal", Event, Group)


def approve(proposal: Proposal, *, by: Actor, at: datetime) -> bool:
    """Pending → approved. False when somebody decided before; the first decision stands. Locks the row."""
    return _decide(proposal, ReviewStatus.APPROVED, "", by=by, at=at)


def reject(proposal: Proposal, reason: str, *, by: Actor, at: datetime) -> bool:
    """Pending → rejected, with a reason for the submitter. False when somebody decided before. Locks the row."""
    if not reason.strip():
        raise ValidationError(_("Say why, so that the submitter can do better."), code="required")
    return _decide(proposal, ReviewStatus.REJECTED, reason, by=by, at=at)


def _decide(proposal: Proposal, status: ReviewStatus, reason: str, *, by: Actor, at: datetime) -> bool:
    with transaction.atomic():
        current = type(proposal)._default_manager.select_for_update().get(pk=proposal.pk)
        if current.review_status != ReviewStatus.PENDING:
            return False
        current.review_status = status
        current.rejection_reason = reason
        current.reviewed_by_id = by.user_id
        current.reviewed_at = at
        current.save(update_fields=["review_status", "rejection_reason", "reviewed_by", "reviewed_at"])
    return True
