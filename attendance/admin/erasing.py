"""Deleting what people came to: refused with a sentence, or a superuser's act that says how many rows go."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.erasing import Toll, erase, toll_of
from checkin_project.platform.access import request_actor
from checkin_project.platform.admin import VisibleAdmin


class ErasableAdmin(VisibleAdmin):
    """Records with attendance are not deleted in passing."""

    erase_refusal = gettext_lazy("There is attendance on record. Only a superuser can delete it.")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        record = self.get_object(request, unquote(object_id))
        if record is None:
            return super().delete_view(request, object_id, extra_context)
        if not self.has_delete_permission(request, record):
            raise PermissionDenied
        toll = toll_of(record)
        if toll.is_nothing:
            return super().delete_view(request, object_id, extra_context)
        if not request_actor(request).is_superuser:
            self.message_user(request, str(self.erase_refusal), messages.ERROR)
            return HttpResponseRedirect(self._address("change", record.pk))
        if request.method == "POST":
            return self._erase(request, record)
        return self._ask_before_erasing(request, record, toll)

    def _ask_before_erasing(self, request: HttpRequest, record: Any, toll: Toll) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Delete for good?"),
            "opts": self.opts,
            "object": record,
            "toll": toll,
            "back": self._address("change", record.pk),
        }
        return TemplateResponse(request, "admin/erase.html", context)

    def _erase(self, request: HttpRequest, record: Any) -> HttpResponse:
        pk, actor = record.pk, request_actor(request)
        toll = erase(record, by=actor, at=timezone.now())
        # The log keeps that it was done and by whom, but not whom it was about.
        LogEntry.objects.create(
            user_id=cast("int", actor.user_id),
            content_type=ContentType.objects.get_for_model(self.model),
            object_id=str(pk),
            object_repr=f"{self.opts.verbose_name} {pk}",
            action_flag=DELETION,
        )
        message = _("Deleted, with %(attendance)d attendance, %(scans)d scans and %(points)d lines of points.") % {
            "attendance": toll.attendance,
            "scans": toll.scans,
            "points": toll.points,
        }
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(self._address("changelist"))

    def _address(self, page: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)
