"""Bytes to physical lines: which encoding, how many bytes, and where a line ends (CRLF, LF or CR)."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from checkin_project.platform.sheets.cells import stop

_CHUNK = 1 << 16
_LONGEST_LINE = 1_000_000
# A CR at the very end may be half of a CRLF that continues in the next chunk.
_BREAK = re.compile(r"\r\n|\n|\r(?!\Z)")


def _refuse_other_kinds(start: bytes) -> None:
    """Raise for what is not CSV text: workbooks, archives, pictures, and UTF-16 or UTF-32 without its mark."""
    if start.startswith(b"PK\x03\x04"):
        raise stop(1, _("This is an Excel workbook or a ZIP archive. Open it and save it as “CSV UTF-8”."))
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise stop(1, _("This is an old Excel workbook. Open it and save it as “CSV UTF-8”."))
    if start.startswith((b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"SQLite format 3")):
        raise stop(1, _("This is not a text file. Save the table as “CSV UTF-8” and try that file."))
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise stop(1, _("This is a web page, not a table. Publish the sheet as CSV and take that address."))
    if start.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise stop(1, _("This file is written in UTF-32. Save it as “CSV UTF-8”."))
    if not start.startswith((b"\xff\xfe", b"\xfe\xff")) and start.count(0) * 4 > len(start):
        raise stop(1, _("This is a binary file, or UTF-16 without its mark. Save the table as “CSV UTF-8”."))


def _encoding(start: bytes) -> str:
    return "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def physical_lines(stream: BinaryIO, *, max_bytes: int) -> Iterator[str]:
    """The lines of `stream` with their endings, the last one perhaps without.

    Raises UnreadableSheetError for empty, binary or wrongly encoded files and for more than `max_bytes`.
    """
    chunk = stream.read(_CHUNK)
    if not chunk:
        raise stop(1, _("The file is empty."))
    _refuse_other_kinds(chunk[:1024])
    decoder = codecs.getincrementaldecoder(_encoding(chunk))()
    size, number, rest = 0, 0, ""
    while True:
        size += len(chunk)
        if size > max_bytes:
            reason = _("The file is larger than %(max)d MB. Split it into smaller files.")
            raise stop(number + 1, reason % {"max": max_bytes // 1_000_000})
        try:
            text = rest + decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = rest + error.object[: error.start].decode(error.encoding, "ignore")
            raise stop(
                number + 1 + len(_BREAK.findall(good)),
                _("This line is not UTF-8 text. Save the file as “CSV UTF-8” and try again."),
                value=error.object[error.start : error.end].hex(),
            ) from None
        end = 0
        for match in _BREAK.finditer(text):
            number += 1
            yield text[end : match.end()]
            end = match.end()
        rest = text[end:]
        if len(rest) > _LONGEST_LINE:
            raise stop(number + 1, _("This line is too long for a table. Save the table as “CSV UTF-8”."))
        if not chunk:
            break
        chunk = stream.read(_CHUNK)
    if rest:
        yield rest  # a CR held back is a line ending after all
