"""Events with their numbers, members with where they have been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from attendance.admin.erasing import ErasableAdmin
from attendance.closing import Closed, Reopened, close_event, problem_with_closing, reopen_event
from attendance.displays import MOST_POSTERS
from attendance.models import Attendance
from attendance.tallies import with_tallies
from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import Question, ReadOnlyInline, ask, done
from events.admin import EventAdmin
from events.models import Event
from members.admin import MemberAdmin
from members.models import Member

TIMELINE = 20
Closing = Callable[..., Closed | Reopened]


@admin.register(Event)
class EventWithAttendanceAdmin(EventAdmin, ErasableAdmin):
    list_display = ["name", "local_start", "group", "status_badge", "capacity", "expected", "checked_in"]
    actions = [*EventAdmin.actions, "close", "reopen", "print_codes"]
    # Closing makes no-shows, so it is an act and not a time to type.
    readonly_fields = [*EventAdmin.readonly_fields, "closed_at"]
    erase_refusal = gettext_lazy("People are on this event's list, so it cannot be deleted. Cancel it instead.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_tallies(super().get_queryset(request))

    def offered_actions(self, obj: Event) -> tuple[str, ...]:
        is_closed = obj.closed_at is not None
        closing = ["reopen"] if is_closed else [] if problem_with_closing(obj, timezone.now()) else ["close"]
        return (*super().offered_actions(obj), *closing, "print_codes")

    @admin.action(description=gettext_lazy("close …"), permissions=["change"])
    def close(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        question = Question(
            title=_("Close these events?"),
            explanation=_("Check-in ends. Whoever registered and did not come becomes a no-show."),
            button=_("Close the events"),
            is_dangerous=True,
        )
        return self._each_by_rule(request, queryset, question, close_event)

    @admin.action(description=gettext_lazy("reopen …"), permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        question = Question(
            title=_("Reopen these events?"),
            explanation=_("People can check in as the times allow. Whoever did not come is expected again."),
            button=_("Reopen the events"),
        )
        return self._each_by_rule(request, queryset, question, reopen_event)

    def _each_by_rule(self, request: HttpRequest, queryset: Any, question: Question, act: Closing) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        by, at, count = request_actor(request), timezone.now(), 0
        for event in rows:
            try:
                count += act(event.code, by=by, at=at).is_new
            except ValidationError as refusal:
                self.message_user(request, f"{event.name}: {' '.join(refusal.messages)}", messages.WARNING)
        message = ngettext("%(count)d event changed.", "%(count)d events changed.", count) % {"count": count}
        return done(self, request, message, messages.SUCCESS if count else messages.INFO)

    @admin.action(description=gettext_lazy("print event codes"), permissions=["view"])
    def print_codes(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """To the page with one poster each; which of them can be printed is decided there."""
        codes = list(queryset.order_by("starts_at", "pk").values_list("code", flat=True)[: MOST_POSTERS + 1])
        address = reverse("attendance:codes-print")
        return HttpResponseRedirect(f"{address}?{urlencode([('event', code) for code in codes])}")

    @admin.display(description=gettext_lazy("expected"), ordering="expected_heads")
    def expected(self, event: Any) -> int:
        return int(event.expected_heads)

    @admin.display(description=gettext_lazy("checked in"), ordering="checked_in_heads")
    def checked_in(self, event: Any) -> SafeString:
        url = reverse("admin:attendance_attendance_changelist")
        return format_html('<a href="{}?event={}">{}</a>', url, event.pk, event.checked_in_heads)


class TimelineInline(ReadOnlyInline):
    """The latest attendance of a member, as far as the reader may see the events."""

    model = Attendance
    fields = ("event", "state", "checked_in_at", "checked_out_at", "method", "is_walk_in")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("latest attendance")
    ordering = ["-checked_in_at", "-id"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = Attendance.objects.visible_to(request_actor(request)).select_related("event", "member")
        match = request.resolver_match
        member_id = match.kwargs.get("object_id", "") if match else ""
        if not str(member_id).isdigit():
            return rows.none()
        # The inline filters by member afterwards, which a slice would not allow.
        latest = rows.filter(member_id=member_id).order_by("-checked_in_at", "-id").values_list("pk", flat=True)
        return rows.filter(pk__in=list(latest[:TIMELINE]))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request_actor(request).may_somewhere(Permission.SEARCH)


@admin.register(Member)
class MemberWithAttendanceAdmin(MemberAdmin, ErasableAdmin):
    inlines = [*MemberAdmin.inlines, TimelineInline]
    erase_refusal = gettext_lazy(
        "This person has attendance or points on record, so deleting is refused. Block or anonymise the member instead."
    )
