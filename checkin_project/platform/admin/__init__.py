"""What the admin pages of all apps are made of, and the pages of users."""

from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup

from checkin_project.platform.admin.background import (
    BackupAdmin,
    LookOnlyAdmin,
    ScheduledJobAdmin,
    TaskAdmin,
    upkeep_panel,
)
from checkin_project.platform.admin.exchange import ExportPages, Shape
from checkin_project.platform.admin.importing import ImportPages, import_panel
from checkin_project.platform.admin.importruns import ImportRunAdmin
from checkin_project.platform.admin.questions import Question, RuleAddAdmin, ask, back_to, done, show_once
from checkin_project.platform.admin.users import UserAdmin
from checkin_project.platform.admin.visible import (
    HistoryAdmin,
    ReadOnlyInline,
    VisibleAdmin,
    VisibleRelatedFilter,
    VisibleStackedInline,
    VisibleTabularInline,
)
from checkin_project.platform.admin.widgets import DateAndTime

# Importing Django's user admin registers its permission groups, which roles replace.
admin.site.unregister(PermissionGroup)

__all__ = [
    "BackupAdmin",
    "DateAndTime",
    "ExportPages",
    "HistoryAdmin",
    "ImportPages",
    "ImportRunAdmin",
    "LookOnlyAdmin",
    "Question",
    "ReadOnlyInline",
    "RuleAddAdmin",
    "ScheduledJobAdmin",
    "Shape",
    "TaskAdmin",
    "UserAdmin",
    "VisibleAdmin",
    "VisibleRelatedFilter",
    "VisibleStackedInline",
    "VisibleTabularInline",
    "ask",
    "back_to",
    "done",
    "import_panel",
    "show_once",
    "upkeep_panel",
]
