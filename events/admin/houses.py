"""Groups, the people who belong to them, and who works for them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import (
    ExportPages,
    HistoryAdmin,
    ImportPages,
    Shape,
    VisibleAdmin,
    VisibleRelatedFilter,
    VisibleTabularInline,
)
from events import exports
from events.admin.review import REVIEW_FIELDS, ReviewedAdmin
from events.models import Category, Group, GroupMember, GroupRole


@admin.register(Category)
class CategoryAdmin(ExportPages, VisibleAdmin):
    shared = True
    add_needs = change_needs = delete_needs = export_needs = Permission.EVENTS
    export_shapes = (Shape("categories", gettext_lazy("Categories"), exports.category_table),)
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return dict(self.prepopulated_fields) if self.has_change_permission(request, obj) else {}


class GroupRoleInline(VisibleTabularInline):
    model = GroupRole
    needs = Permission.USERS
    autocomplete_fields = ["user"]


class FeedFilter(admin.SimpleListFilter):
    title = gettext_lazy("feed")
    parameter_name = "feed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("failing", gettext_lazy("Failing")), ("none", gettext_lazy("None"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "failing":
            return queryset.filter(active=True, feed_failures__gt=0)
        return queryset.filter(ical_url="") if self.value() == "none" else queryset


@admin.register(Group)
class GroupAdmin(ImportPages, ExportPages, ReviewedAdmin, HistoryAdmin):
    export_needs = Permission.EVENTS
    export_shapes = (
        Shape("groups", gettext_lazy("Groups"), exports.group_table, gettext_lazy("as the import reads them")),
        Shape(
            "groups_full", gettext_lazy("All fields"), exports.full_group_table, gettext_lazy("to look at or work with")
        ),
    )
    import_kind = "groups"
    group_path = "pk"
    add_needs = change_needs = delete_needs = Permission.EVENTS
    ordering = ["name", "id"]
    list_display = ["name", "active", "review_status", "trusted", "people", "feed_state"]
    list_filter = ["review_status", "active", "trusted", FeedFilter, "categories"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["categories"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = [*REVIEW_FIELDS, "feed_fetched_at", "feed_good_at", "feed_error", "feed_failures"]
    inlines = [GroupRoleInline]
    actions = ["approve_pending", "reject_pending"]
    fieldsets = (
        (None, {"fields": ("name", "slug", "website", "categories", "active", "trusted")}),
        (
            gettext_lazy("Feed"),
            {
                "fields": (
                    "ical_url",
                    "fallback_url",
                    "scan_for_metadata",
                    "suppress_urls",
                    "skip_phrases",
                    "feed_fetched_at",
                    "feed_good_at",
                    "feed_error",
                    "feed_failures",
                )
            },
        ),
        (gettext_lazy("Review"), {"classes": ("collapse",), "fields": REVIEW_FIELDS}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        # A subquery, because grouping would drop the order.
        people = GroupMember.objects.filter(group=OuterRef("pk")).order_by().values("group")
        count = Subquery(people.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(people_count=Coalesce(count, 0))

    @admin.display(description=gettext_lazy("people"), ordering="people_count")
    def people(self, group: Any) -> int:
        return int(group.people_count)

    @admin.display(description=gettext_lazy("feed"))
    def feed_state(self, group: Group) -> str:
        if not group.ical_url:
            return "–"
        return str(gettext_lazy("failing") if group.feed_failures else gettext_lazy("good"))

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        # A new group belongs to nobody's role yet.
        return request_actor(request).may(Permission.EVENTS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request_actor(request).may(Permission.EVENTS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(self.readonly_fields)
        # Whom to trust, and from where to fetch, is decided for the house.
        return fields if request_actor(request).may(Permission.EVENTS) else [*fields, "slug", "trusted", "ical_url"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        readonly = self.get_readonly_fields(request, obj)
        return {} if "slug" in readonly or not self.has_change_permission(request, obj) else {"slug": ["name"]}


@admin.register(GroupMember)
class GroupMemberAdmin(VisibleAdmin):
    group_path = "group_id"
    view_needs = Permission.SEARCH
    add_needs = change_needs = delete_needs = Permission.MEMBERS
    list_display = ["member", "group", "how", "since"]
    list_filter = ["how", ("group", VisibleRelatedFilter)]
    list_select_related = ["member", "group"]
    autocomplete_fields = ["member", "group"]
    date_hierarchy = "since"
    search_fields = ["member__last_name__istartswith", "member__v_number__iexact"]
    ordering = ["-since", "-id"]


@admin.register(GroupRole)
class GroupRoleAdmin(VisibleAdmin):
    view_needs = add_needs = change_needs = delete_needs = Permission.USERS
    list_display = ["user", "role", "group"]
    list_filter = ["role"]
    list_select_related = ["user", "group"]
    autocomplete_fields = ["user", "group"]
    search_fields = ["user__username", "group__name"]
    ordering = ["user__username", "group__name"]
