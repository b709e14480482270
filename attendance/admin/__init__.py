"""Admin pages of who came, of the doors, and of events and members with all that is known of their attendance."""

from attendance.admin.attendances import AttendanceAdmin
from attendance.admin.doors import DeviceAdmin, ScanAdmin
from attendance.admin.records import EventWithAttendanceAdmin, MemberWithAttendanceAdmin
from attendance.admin.start import today_panel, waiting_panel

__all__ = [
    "AttendanceAdmin",
    "DeviceAdmin",
    "EventWithAttendanceAdmin",
    "MemberWithAttendanceAdmin",
    "ScanAdmin",
    "today_panel",
    "waiting_panel",
]
