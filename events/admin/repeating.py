"""Series and their calendars."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import Permission
from checkin_project.platform.admin import ExportPages, Shape, VisibleAdmin, VisibleRelatedFilter
from events import exports
from events.models import RunDay, Series


@admin.register(Series)
class SeriesAdmin(ExportPages, VisibleAdmin):
    group_path = "group_id"
    add_needs = change_needs = delete_needs = export_needs = Permission.EVENTS
    export_shapes = (Shape("series", gettext_lazy("Series"), exports.series_table),)
    list_display = ["name", "group", "default_start", "duration_minutes", "location", "capacity", "timezone"]
    list_filter = [("group", VisibleRelatedFilter)]
    list_select_related = ["group"]
    search_fields = ["name"]
    autocomplete_fields = ["group"]
    prepopulated_fields = {"slug": ["name"]}

    def get_prepopulated_fields(self, request, obj=None):  # type: ignore[no-untyped-def]
        return {"slug": ["name"]} if self.has_change_permission(request, obj) else {}


@admin.register(RunDay)
class RunDayAdmin(VisibleAdmin):
    """To look at the calendar's days; the run calendar marks them, because that also makes and cancels their events."""

    group_path = "series__group_id"
    list_display = ["date", "series", "has_run"]
    list_filter = ["has_run", ("series", VisibleRelatedFilter)]
    list_select_related = ["series"]
    date_hierarchy = "date"
    search_fields = ["series__name"]
    search_help_text = gettext_lazy("Name of the series")
