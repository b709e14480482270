"""QR codes as pictures: the modules, an SVG, a PNG, and a drawing for templates. Each keeps its quiet zone.

`correction` is how much of the code may be lost and it is still read: at least L 7 %, M 15 %, Q 25 %, H 30 %, and more
where it costs no module. Screens show M, whose modules are larger at the same size; paper, which is folded, stained and
pinned, carries Q. `slanted` codes are read from the side too (decision 0016). `border` is the quiet zone in modules;
readers count on four. Text that no QR code can hold raises ValueError.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

import qrcode
from qrcode.exceptions import DataOverflowError

Correction = Literal["L", "M", "Q", "H"]
SCREEN: Correction = "M"
PRINT: Correction = "Q"
QUIET_ZONE = 4
# From version 7 on (45 modules) a code has six alignment patterns or more instead of one, which is what straightens it.
_SLANTED_VERSION = 7
_LEVELS = {
    "L": qrcode.constants.ERROR_CORRECT_L,
    "M": qrcode.constants.ERROR_CORRECT_M,
    "Q": qrcode.constants.ERROR_CORRECT_Q,
    "H": qrcode.constants.ERROR_CORRECT_H,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What templates/_qr.html draws: a square of `size` modules with its quiet zone, and the dark ones as one path."""

    size: int
    path: str


# Finding the best of the eight masks takes tens of milliseconds, and the same code is asked for by every screen.
@lru_cache(maxsize=64)
def _modules(text: str, correction: Correction, slanted: bool) -> tuple[tuple[bool, ...], ...]:
    asked = _empty(text, correction)
    try:
        version = asked.best_fit(start=_SLANTED_VERSION if slanted else 1)
    except (DataOverflowError, ValueError) as error:
        raise ValueError("This text is too long for a QR code.") from error
    levels = list(_LEVELS)
    code = next(
        code for level in reversed(levels[levels.index(correction) :]) if (code := _fitted(text, level, version))
    )
    code.make(fit=False)
    return tuple(tuple(map(bool, row)) for row in code.get_matrix())


def _empty(text: str, correction: str) -> qrcode.QRCode:
    code = qrcode.QRCode(error_correction=_LEVELS[correction], border=0)
    code.add_data(text)
    return code


def _fitted(text: str, correction: str, version: int) -> qrcode.QRCode | None:
    """The code of this size, not drawn yet, or None when the text does not fit with so much correction."""
    code = _empty(text, correction)
    try:
        return code if code.best_fit(start=version) == version else None
    except (DataOverflowError, ValueError):
        return None


def matrix(
    text: str, *, correction: Correction = SCREEN, border: int = QUIET_ZONE, slanted: bool = False
) -> list[list[bool]]:
    """Rows of modules from the top, True where dark, with the quiet zone around them."""
    rows = _modules(text, correction, slanted)
    side = [False] * border
    edge = [[False] * (len(rows) + 2 * border) for _row in range(border)]
    return [*edge, *([*side, *row, *side] for row in rows), *(list(row) for row in edge)]


def drawing(text: str, *, correction: Correction = SCREEN, border: int = QUIET_ZONE, slanted: bool = False) -> Drawing:
    """For `{% include "_qr.html" with qr=… label=… %}`, and for scripts that swap the path."""
    rows = matrix(text, correction=correction, border=border, slanted=slanted)
    return Drawing(len(rows), "".join(_runs(rows)))


def _runs(rows: list[list[bool]]) -> list[str]:
    """Each run of dark modules in a row as a rectangle. In one path, so that no seam shows where rows meet."""
    found = []
    for y, row in enumerate(rows):
        x = 0
        for is_dark, modules in groupby(row):
            length = len(list(modules))
            if is_dark:
                found.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return found


def svg(text: str, *, correction: Correction = SCREEN, border: int = QUIET_ZONE, slanted: bool = False) -> str:
    """A whole SVG document, one unit per module, black on its own white ground."""
    drawn = drawing(text, correction=correction, border=border, slanted=slanted)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.size} {drawn.size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{drawn.size}v{drawn.size}h-{drawn.size}z"/>'
        f'<path fill="#000" d="{drawn.path}"/></svg>\n'
    )


def png(
    text: str, *, correction: Correction = SCREEN, border: int = QUIET_ZONE, slanted: bool = False, scale: int = 10
) -> bytes:
    """A black and white PNG with `scale` pixels per module."""
    rows = matrix(text, correction=correction, border=border, slanted=slanted)
    lines = b"".join(_line(row, scale) * scale for row in rows)
    side = len(rows) * scale
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit per pixel, grey, no interlacing
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")
    )


def _line(row: list[bool], scale: int) -> bytes:
    """One line of pixels: the byte that names no filter, then eight pixels to a byte, 1 for white."""
    bits = "".join(("0" if is_dark else "1") * scale for is_dark in row)
    bits += "0" * (-len(bits) % 8)
    return b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
