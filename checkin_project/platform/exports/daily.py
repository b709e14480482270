"""What the schedule does for stored exports: the daily ones, lost ones, old ones."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, order, prune

log = logging.getLogger(__name__)


def store_daily(at: datetime) -> None:
    """Order each export of EXPORT_DAILY that was not ordered today, by the organisation's clock. Safe to repeat."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    today = ExportRun.objects.filter(origin=ExportRun.Origin.SCHEDULE, created_at__gte=midnight)
    done = set(today.values_list("name", flat=True))
    for name in settings.EXPORT_DAILY:
        if name in done:
            continue
        try:
            order(Wanted(name, settings.EXPORT_FORMAT, origin=ExportRun.Origin.SCHEDULE), by=SYSTEM, at=at)
        except ValidationError as refusal:
            # The others are made all the same; `manage.py check` says it, too.
            log.error("EXPORT_DAILY names %s: %s", name, " ".join(refusal.messages))


def prune_old(at: datetime) -> None:
    prune(at, keep=timedelta(days=settings.EXPORTS_KEEP_DAYS))
