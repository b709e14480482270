"""Admin pages of groups, series and what happens."""

from events.admin.happenings import EventAdmin
from events.admin.houses import CategoryAdmin, GroupAdmin, GroupMemberAdmin, GroupRoleAdmin
from events.admin.repeating import RunDayAdmin, SeriesAdmin

__all__ = [
    "CategoryAdmin",
    "EventAdmin",
    "GroupAdmin",
    "GroupMemberAdmin",
    "GroupRoleAdmin",
    "RunDayAdmin",
    "SeriesAdmin",
]
