"""What the person who runs the site has to know: is there a good backup, and is background work done?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.models import Backup, ScheduledJob, Worker

# Backups are verified every night.
OLD = timedelta(hours=36)
SILENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class State:
    text: str
    url: str
    is_trouble: bool = False


def states(actor: Actor, *, at: datetime) -> list[State]:
    """For administrators, troubles first; nobody else is told. At most four queries."""
    if not actor.may(Permission.SETTINGS):
        return []
    found = [_backup(at), *_spoilt(), _worker(at), *_jobs()]
    return sorted(found, key=lambda state: not state.is_trouble)


def _backup(at: datetime) -> State:
    url = reverse("admin:platform_backup_changelist")
    newest = Backup.objects.filter(verified_at__isnull=False, problem="").order_by("-made_at").first()
    if newest is None:
        return State(_("No backup has been verified yet."), url, is_trouble=True)
    moment = date_format(timezone.localtime(newest.made_at), "DATETIME_FORMAT")
    if at - newest.made_at > OLD:
        return State(_("The last verified backup is old: %(moment)s") % {"moment": moment}, url, is_trouble=True)
    return State(_("Last verified backup: %(moment)s") % {"moment": moment}, url)


def _spoilt() -> list[State]:
    count = Backup.objects.exclude(problem="").count()
    if not count:
        return []
    text = ngettext(
        "%(count)s backup would not come back whole.", "%(count)s backups would not come back whole.", count
    ) % {"count": count}
    return [State(text, reverse("admin:platform_backup_changelist"), is_trouble=True)]


def _worker(at: datetime) -> State:
    url = reverse("admin:platform_scheduledjob_changelist")
    if Worker.objects.filter(seen_at__gt=at - SILENT).exists():
        return State(_("Background work is done."), url)
    return State(_("Nobody does background work: start manage.py work."), url, is_trouble=True)


def _jobs() -> list[State]:
    failing = list(ScheduledJob.objects.exclude(error="").values_list("name", flat=True))
    if not failing:
        return []
    text = ngettext("%(count)s job fails: %(names)s.", "%(count)s jobs fail: %(names)s.", len(failing)) % {
        "count": len(failing),
        "names": ", ".join(failing),
    }
    return [State(text, reverse("admin:platform_scheduledjob_changelist"), is_trouble=True)]
