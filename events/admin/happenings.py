"""Events and how people check in to them. The app above adds who came, and registers the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import Permission
from checkin_project.platform.admin import (
    DateAndTime,
    ExportPages,
    HistoryAdmin,
    ImportPages,
    Question,
    Shape,
    VisibleRelatedFilter,
    VisibleStackedInline,
    ask,
    done,
)
from events import exports, lifecycle
from events.admin.review import REVIEW_FIELDS, ReviewedAdmin
from events.forms import EventForm, WallClockField
from events.models import CheckInSettings, Event


class StatusFilter(admin.SimpleListFilter):
    """The five words that people read, not the three that are stored."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Event.Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        at, status = timezone.now(), self.value()
        over = Q(ends_at__lt=at) | Q(closed_at__lte=at)
        scheduled = queryset.filter(stored_status=Event.Stored.SCHEDULED)
        if status == Event.Status.SCHEDULED:
            return scheduled.filter(starts_at__gt=at).exclude(closed_at__lte=at)
        if status == Event.Status.ONGOING:
            return scheduled.filter(starts_at__lte=at).exclude(over)
        if status == Event.Status.COMPLETED:
            return scheduled.filter(over)
        return queryset.filter(stored_status=status) if status else queryset


class CheckInSettingsInline(VisibleStackedInline):
    model = CheckInSettings
    can_delete = False
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("opens_minutes_before", "closes_minutes_after"),
                    ("walk_ins", "reentry", "self_check_in"),
                    ("require_check_out", "points"),
                )
            },
        ),
        (
            gettext_lazy("Scanners and screens"),
            {
                "classes": ("collapse",),
                "fields": (
                    "scan_mode",
                    ("guest_scanning", "offline_mode"),
                    ("show_popup", "play_sound", "highlight_checked_in"),
                    ("alert_on_duplicate", "alert_on_walk_in"),
                ),
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Every event makes its own settings when it is saved first; they are edited from then on.
        return False


class EventAdmin(ImportPages, ExportPages, ReviewedAdmin, HistoryAdmin):
    import_kind = "events"
    group_path = "group_id"
    add_needs = change_needs = delete_needs = Permission.EVENTS
    export_needs = Permission.EVENTS
    export_shapes = (
        Shape("events", gettext_lazy("Events"), exports.table, gettext_lazy("as the import reads them")),
        Shape("events_full", gettext_lazy("All fields"), exports.full_table, gettext_lazy("to look at or work with")),
    )
    form = EventForm
    formfield_overrides = {models.DateTimeField: {"form_class": WallClockField, "widget": DateAndTime}}
    list_display = ["name", "local_start", "group", "status_badge", "capacity"]
    list_filter = [StatusFilter, "review_status", "hidden", "location_type", "source", ("group", VisibleRelatedFilter)]
    list_select_related = ["group"]
    search_fields = ["name", "location", "code__iexact", "legacy_id__iexact"]
    search_help_text = gettext_lazy("Name, place, code or legacy id")
    date_hierarchy = "starts_at"
    ordering = ["-starts_at", "-id"]
    autocomplete_fields = ["group", "series", "host", "categories", "duplicate_of"]
    readonly_fields = ["code", "source", "created_at", "updated_at", *REVIEW_FIELDS]
    actions = ["publish", "cancel", "hide", "approve_pending", "reject_pending"]
    fieldsets = (
        (None, {"fields": ("name", "group", "series", "stored_status", "capacity")}),
        (
            gettext_lazy("When"),
            {
                "description": gettext_lazy("In the event's own time zone."),
                "fields": ("starts_at", "ends_at", "timezone", "all_day", "closed_at"),
            },
        ),
        (gettext_lazy("Where"), {"fields": ("location", "location_type", "url")}),
        (gettext_lazy("About"), {"fields": ("description", "host", "cost", "categories")}),
        (gettext_lazy("Public pages"), {"classes": ("collapse",), "fields": ("hidden", "duplicate_of")}),
        (gettext_lazy("Review"), {"classes": ("collapse",), "fields": REVIEW_FIELDS}),
        (
            gettext_lazy("Record"),
            {"classes": ("collapse",), "fields": ("code", "legacy_id", "source", "created_at", "updated_at")},
        ),
    )

    @admin.display(description=gettext_lazy("starts"), ordering="starts_at")
    def local_start(self, event: Event) -> str:
        """In the event's own zone, which need not be the reader's."""
        form = "DATE_FORMAT" if event.all_day else "DATETIME_FORMAT"
        return f"{date_format(event.local_start, form)} {event.local_start.tzname()}"

    @admin.display(description=gettext_lazy("status"), ordering="stored_status")
    def status_badge(self, event: Event) -> SafeString:
        return format_html('<span class="badge badge-{}">{}</span>', event.status.value, event.status.label)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return [CheckInSettingsInline] if obj is not None else []

    def offered_actions(self, obj: Event) -> tuple[str, ...]:
        is_scheduled = obj.stored_status == Event.Stored.SCHEDULED
        return (
            *super().offered_actions(obj),
            *([] if is_scheduled and not obj.hidden else ["publish"]),
            *(["cancel"] if obj.stored_status != Event.Stored.CANCELLED else []),
            *([] if obj.hidden else ["hide"]),
        )

    def save_model(self, request: HttpRequest, obj: Event, form: ModelForm[Event], change: bool) -> None:
        """Holds the event's row first, so that a new capacity never falls between a door's counting and writing."""
        with transaction.atomic():
            if change:
                list(Event.objects.select_for_update().filter(pk=obj.pk).values_list("pk"))
            super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("publish …"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse:
        question = Question(
            title=_("Publish these events?"),
            explanation=_("They appear on the public pages, and people can check in when their time comes."),
            button=_("Publish"),
        )
        return self._each(request, queryset, question, lifecycle.publish)

    @admin.action(description=gettext_lazy("cancel …"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse:
        question = Question(
            title=_("Cancel these events?"),
            explanation=_("Nobody can check in any more. Who came already stays on record."),
            button=_("Cancel the events"),
            is_dangerous=True,
        )
        return self._each(request, queryset, question, lifecycle.cancel)

    @admin.action(description=gettext_lazy("hide from the public …"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse:
        question = Question(
            title=_("Hide these events?"),
            explanation=_("They leave the public pages. Doors go on as before."),
            button=_("Hide"),
        )
        return self._each(request, queryset, question, lifecycle.hide)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Event], question: Question, act: Callable[[Event], bool]
    ) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        count = sum(act(event) for event in rows)
        message = ngettext("%(count)d event changed.", "%(count)d events changed.", count) % {"count": count}
        return done(self, request, message, messages.SUCCESS)
