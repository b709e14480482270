"""Attendance: looked up and filtered here, but written by the rule alone."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from attendance import exports
from attendance.admin.acts import RowAct, cancel_row, check_in_row, check_out_row, undo_row
from attendance.admin.erasing import ErasableAdmin
from attendance.admin.filters import EventFilter
from attendance.admin.forms import AddAttendanceForm
from attendance.attempt import Terms
from attendance.checkin import check_in
from attendance.messages import message_for
from attendance.models import Attendance, Method
from attendance.outcomes import CheckInResult, Outcome
from attendance.registration import register
from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import ExportPages, ImportPages, Question, RuleAddAdmin, Shape, ask, done
from checkin_project.platform.text import words
from members.models import MemberWord

SAID = 5


@admin.register(Attendance)
class AttendanceAdmin(ImportPages, ExportPages, RuleAddAdmin, ErasableAdmin):
    import_kind = "attendance"
    group_path = "event__group_id"
    view_needs = add_needs = change_needs = Permission.SEARCH
    export_shapes = (
        Shape(
            "attendance_full", gettext_lazy("All columns"), exports.full_table, gettext_lazy("everybody on the lists")
        ),
        Shape("attendance", gettext_lazy("Attendance"), exports.table, gettext_lazy("who came; ids, time and door")),
        Shape(
            "databrowser",
            gettext_lazy("Data browser"),
            exports.databrowser_table,
            gettext_lazy("who came, with event and person, as older systems had it"),
        ),
        Shape("runner", gettext_lazy("Runners"), exports.runner_table, gettext_lazy("who came; name, date, time")),
    )
    rule_title = gettext_lazy("Add somebody to an event")
    rule_fieldsets = (
        (None, {"fields": ("event", "member", "guest_name")}),
        (None, {"fields": ("act", "party_size", "walk_in_confirmed", "override_reason", "operation_id")}),
    )
    list_display = ["person", "event", "state", "checked_in_at", "checked_out_at", "method", "is_walk_in", "party_size"]
    list_filter = [EventFilter, "state", "method", "is_walk_in"]
    list_select_related = ["event", "member"]
    date_hierarchy = "checked_in_at"
    search_fields = ["guest_name"]
    search_help_text = gettext_lazy("Beginning of a name, or V-number")
    ordering = ["-checked_in_at", "-id"]
    actions = ["check_in", "check_out", "take_back", "cancel_registrations"]
    readonly_fields = [
        "event",
        "member",
        "guest_name",
        "on_the_list",
        "registered_at",
        "registered_party_size",
        "state",
        "checked_in_at",
        "checked_out_at",
        "method",
        "is_walk_in",
        "party_size",
        "scan_count",
        "device",
        "checked_in_by",
        "created_at",
        "updated_at",
    ]
    fieldsets = (
        (None, {"fields": ("event", "member", "guest_name", "state", "party_size", "note")}),
        (
            gettext_lazy("At the door"),
            {"fields": ("checked_in_at", "checked_out_at", "method", "is_walk_in", "scan_count")},
        ),
        (gettext_lazy("Registration"), {"fields": ("on_the_list", "registered_at", "registered_party_size")}),
        (
            gettext_lazy("Record"),
            {"classes": ("collapse",), "fields": ("device", "checked_in_by", "created_at", "updated_at")},
        ),
    )

    @admin.display(description=gettext_lazy("person"), ordering="member__last_name")
    def person(self, row: Attendance) -> str:
        return row.name

    @admin.display(description=gettext_lazy("registration"))
    def on_the_list(self, row: Attendance) -> str:
        """Closing turns everybody's registration into a no-show, but nobody who came reads that they did not."""
        came = row.attended and row.registration == Attendance.Registration.NO_SHOW
        return str(Attendance.Registration.REGISTERED.label if came else row.get_registration_display())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request_actor(request).is_superuser

    def offered_actions(self, obj: Attendance) -> tuple[str, ...]:
        is_registered = obj.registration == Attendance.Registration.REGISTERED
        return (
            *(["check_out"] if obj.is_inside else ["check_in"]),
            *(["take_back"] if obj.attended else []),
            *(["cancel_registrations"] if is_registered else []),
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Every word must begin a word of the member's name, or the guest's name contain the text."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        named = Q()
        for word in words(typed):
            having = MemberWord.objects.filter(word__startswith=word[: MemberWord.LENGTH])
            named &= Q(member_id__in=having.values("member_id"))
        found = Q(guest_name__icontains=typed) | Q(member__v_number__in={typed.upper(), f"V{typed}"})
        return queryset.filter(found | named if named else found), False

    def save_model(self, request: HttpRequest, obj: Attendance, form: Any, change: bool) -> None:
        """Only the note is anybody's to write; the facts follow from the scans."""
        if not change or not self.has_change_permission(request, obj):
            raise PermissionDenied
        self.model.objects.filter(pk=obj.pk).update(note=obj.note)

    # --- Adding ---------------------------------------------------------------------------------

    def build_rule_form(self, request: HttpRequest, data: Any) -> forms.Form:
        return AddAttendanceForm(data, initial=self.get_changeform_initial_data(request), actor=request_actor(request))

    def apply_rule(self, request: HttpRequest, form: Any) -> HttpResponse | None:
        event = form.cleaned_data["event"]
        try:
            if form.cleaned_data["act"] == form.REGISTER:
                row_id = self._register(request, form).pk
                message = _("%(name)s is registered for %(event)s.")
            else:
                result = self._check_in(request, form)
                if result.outcome is not Outcome.CHECKED_IN:
                    form.renew_operation()
                    form.add_error(None, message_for(result, event.zone))
                    return None
                row_id, message = cast("int", result.attendance_id), _("%(name)s is checked in to %(event)s.")
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return None
        except PermissionDenied:
            form.add_error(None, _("Only a supervisor of this event's group can override a refusal."))
            return None
        row = Attendance.objects.select_related("member", "event").get(pk=row_id)
        self.log_addition(request, row, [{"added": {}}])
        self.message_user(request, message % {"name": row.name, "event": event.name}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:attendance_attendance_changelist") + f"?event={event.pk}")

    def _register(self, request: HttpRequest, form: AddAttendanceForm) -> Attendance:
        given = form.cleaned_data
        return register(
            form.subject(),
            given["event"].code,
            by=request_actor(request),
            at=timezone.now(),
            party_size=given["party_size"] or 1,
        )

    def _check_in(self, request: HttpRequest, form: AddAttendanceForm) -> CheckInResult:
        given = form.cleaned_data
        terms = Terms(
            party_size=given["party_size"],
            walk_in_confirmed=given["walk_in_confirmed"],
            override_reason=given["override_reason"],
        )
        return check_in(
            form.subject(),
            given["event"].code,
            by=request_actor(request),
            at=timezone.now(),
            operation_id=given["operation_id"],
            door=Method.STAFF,
            terms=terms,
        )

    # --- Actions --------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("check in …"), permissions=["change"])
    def check_in(self, request: HttpRequest, queryset: QuerySet[Attendance]) -> HttpResponse:
        question = Question(
            title=_("Check these people in now?"),
            explanation=_("The rules of each event hold, as at every door."),
            button=_("Check in"),
        )
        return self._each(request, queryset, question, check_in_row)

    @admin.action(description=gettext_lazy("check out …"), permissions=["change"])
    def check_out(self, request: HttpRequest, queryset: QuerySet[Attendance]) -> HttpResponse:
        question = Question(
            title=_("Check these people out now?"),
            explanation=_("Their seats are free again."),
            button=_("Check out"),
        )
        return self._each(request, queryset, question, check_out_row)

    @admin.action(description=gettext_lazy("undo the check-in …"), permissions=["change"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[Attendance]) -> HttpResponse:
        question = Question(
            title=_("Undo these check-ins?"),
            explanation=_("Seats are freed and points taken back. The record keeps what happened."),
            button=_("Undo"),
            is_dangerous=True,
        )
        return self._each(request, queryset, question, undo_row)

    @admin.action(description=gettext_lazy("cancel the registration …"), permissions=["change"])
    def cancel_registrations(self, request: HttpRequest, queryset: QuerySet[Attendance]) -> HttpResponse:
        question = Question(
            title=_("Cancel these registrations?"),
            explanation=_("Their seats are free again. Who has come already stays checked in."),
            button=_("Cancel the registrations"),
            is_dangerous=True,
        )
        return self._each(request, queryset, question, cancel_row)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Attendance], question: Question, act: RowAct
    ) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        refusals = [said for row in rows.select_related("event", "member") if (said := act(request, row))]
        for said in refusals[:SAID]:
            self.message_user(request, said, messages.WARNING)
        if len(refusals) > SAID:
            more = len(refusals) - SAID
            said = ngettext("%(count)d more was refused.", "%(count)d more were refused.", more) % {"count": more}
            self.message_user(request, said, messages.WARNING)
        count = rows.count() - len(refusals)
        message = ngettext("Done for %(count)d person.", "Done for %(count)d people.", count) % {"count": count}
        return done(self, request, message, messages.SUCCESS if count else messages.INFO)
