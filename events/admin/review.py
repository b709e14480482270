"""Approving and rejecting proposals, for the pages of events and of groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import request_actor
from checkin_project.platform.admin import Question, VisibleAdmin, ask, done
from checkin_project.platform.text import clean_text
from events.models import ReviewStatus
from events.submissions import approve, reject

REVIEW_FIELDS = ("review_status", "submitted_at", "submitted_by", "reviewed_by", "reviewed_at", "rejection_reason")


class RejectionForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, help_text=gettext_lazy("The submitter is told.")
    )

    def clean_reason(self) -> str:
        reason = clean_text(self.cleaned_data["reason"], max_length=500)
        if not reason:
            raise ValidationError(_("Enter a reason."), code="required")
        return reason


class ReviewedAdmin(VisibleAdmin):
    """With the two decisions as actions. Exactly one decision counts; who came second is told."""

    def offered_actions(self, obj: Any) -> tuple[str, ...]:
        return ("approve_pending", "reject_pending") if obj.review_status == ReviewStatus.PENDING else ()

    @admin.action(description=gettext_lazy("approve …"), permissions=["change"])
    def approve_pending(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        question = Question(
            title=_("Approve these proposals?"),
            explanation=_("They appear on the public pages at once. What was decided before stays as it is."),
            button=_("Approve"),
        )
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        by, at = request_actor(request), timezone.now()
        decided = sum(approve(row, by=by, at=at) for row in rows)
        return self._told(request, decided, ngettext("%(count)d approved.", "%(count)d approved.", decided))

    @admin.action(description=gettext_lazy("reject …"), permissions=["change"])
    def reject_pending(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        question = Question(
            title=_("Reject these proposals?"),
            explanation=_("They stay out of the public pages. What was decided before stays as it is."),
            button=_("Reject"),
            form=RejectionForm,
            is_dangerous=True,
        )
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        by, at, reason = request_actor(request), timezone.now(), answer.cleaned_data["reason"]
        decided = sum(reject(row, reason, by=by, at=at) for row in rows)
        return self._told(request, decided, ngettext("%(count)d rejected.", "%(count)d rejected.", decided))

    def _told(self, request: HttpRequest, decided: int, message: str) -> HttpResponse:
        if decided == 0:
            return done(self, request, _("Nothing to decide: no pending proposal was chosen."), messages.WARNING)
        return done(self, request, message % {"count": decided}, messages.SUCCESS)
