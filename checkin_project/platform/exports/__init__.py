"""Tables out: as CSV, workbook or JSON, streamed, and read back as they were."""

from checkin_project.platform.exports.formats import FORMATS, parts, respond, write
from checkin_project.platform.exports.registry import Export, exports_for, find, register
from checkin_project.platform.exports.table import Cell, Table, stream

__all__ = [
    "FORMATS",
    "Cell",
    "Export",
    "Table",
    "exports_for",
    "find",
    "parts",
    "register",
    "respond",
    "stream",
    "write",
]
