"""What happened at the doors, and the devices that stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from attendance import exports
from attendance.admin.filters import EventFilter
from attendance.devices import revoke
from attendance.messages import headline_for
from attendance.models import Device, Scan
from attendance.outcomes import Outcome
from attendance.startpage import open_conflicts, silent_devices
from checkin_project.platform.access import Permission
from checkin_project.platform.admin import ExportPages, Question, Shape, VisibleAdmin, ask, done


class OutcomeFilter(admin.SimpleListFilter):
    title = gettext_lazy("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome.value, headline_for(outcome)) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


class ConflictFilter(admin.SimpleListFilter):
    title = gettext_lazy("conflict")
    parameter_name = "conflict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", gettext_lazy("To decide")), ("decided", gettext_lazy("Decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "open":
            return open_conflicts(queryset)
        return queryset.exclude(flag="").exclude(resolution="") if self.value() == "decided" else queryset


@admin.register(Scan)
class ScanAdmin(ExportPages, VisibleAdmin):
    """The ledger of every attempt: only ever read here."""

    export_shapes = (Shape("scans", gettext_lazy("Scans"), exports.scan_table),)
    view_needs = Permission.SEARCH
    group_path = "event__group_id"
    list_display = ["received_at", "event", "person", "kind", "answered", "method", "gate", "offline", "flag"]
    list_filter = [EventFilter, OutcomeFilter, "kind", "method", "offline", ConflictFilter, "flag"]
    list_select_related = ["event", "attendance__member", "attendance__event"]
    date_hierarchy = "received_at"
    search_fields = ["code_fingerprint__iexact", "subject__iexact", "gate__istartswith", "event__name__istartswith"]
    search_help_text = gettext_lazy("Event, gate or the fingerprint of a code")

    @admin.display(description=gettext_lazy("person"))
    def person(self, scan: Scan) -> str:
        return scan.attendance.name if scan.attendance else str(scan.answer.get("name") or "–")

    @admin.display(description=gettext_lazy("answer"), ordering="outcome")
    def answered(self, scan: Scan) -> str:
        return headline_for(Outcome(scan.outcome))


class SeenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("live", gettext_lazy("Paired")),
            ("silent", gettext_lazy("Silent while open")),
            ("revoked", gettext_lazy("Revoked")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "silent":
            return silent_devices(queryset, at=timezone.now())
        if self.value() in ("live", "revoked"):
            return queryset.filter(revoked_at__isnull=self.value() == "live")
        return queryset


@admin.register(Device)
class DeviceAdmin(VisibleAdmin):
    """Devices come by pairing; here they are looked after and revoked."""

    view_needs = change_needs = Permission.DEVICES
    group_path = "event__group_id"
    list_display = ["name", "kind", "event", "group", "gate", "role", "last_seen_at", "queue_length", "revoked_at"]
    list_filter = [SeenFilter, "kind", "role"]
    list_select_related = ["event", "group"]
    search_fields = ["name", "gate", "holder_name", "event__name"]
    actions = ["revoke_devices"]
    readonly_fields = [
        "kind",
        "event",
        "group",
        "role",
        "paired_at",
        "paired_by",
        "last_seen_at",
        "revoked_at",
        "queue_length",
        "user_agent",
    ]
    fields = ["name", "gate", "holder_name", "holder_email", *readonly_fields]

    def groups_of(self, obj: Any) -> Iterable[int]:
        group_id = obj.event.group_id if obj.event else obj.group_id
        return [] if group_id is None else [group_id]

    def limited_to_groups(self, rows: Any, groups: list[int]) -> Any:
        return rows.filter(Q(event__group_id__in=groups) | Q(event__isnull=True, group_id__in=groups))

    def offered_actions(self, obj: Device) -> tuple[str, ...]:
        return ("revoke_devices",) if obj.revoked_at is None else ()

    @admin.action(description=gettext_lazy("revoke …"), permissions=["change"])
    def revoke_devices(self, request: HttpRequest, queryset: QuerySet[Device]) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        question = Question(
            title=_("Revoke these devices?"),
            explanation=_("They are refused from now on. What they still send is kept for you to decide."),
            button=_("Revoke"),
            is_dangerous=True,
        )
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        devices = list(rows.filter(revoked_at__isnull=True))
        for device in devices:
            revoke(device, at=timezone.now())
        message = ngettext("%(count)d device revoked.", "%(count)d devices revoked.", len(devices))
        return done(self, request, message % {"count": len(devices)}, messages.SUCCESS)
