"""An independent reader of QR codes (zxing-cpp), and what happens to a picture on its way into a phone's camera."""

from __future__ import annotations

import io
import re

import zxingcpp
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\3z")


def read(picture: Image.Image | bytes) -> str | None:
    """What the one QR code in the picture says, dark on light only; None when it cannot be read."""
    if isinstance(picture, bytes):
        picture = Image.open(io.BytesIO(picture))
    found = zxingcpp.read_barcodes(
        picture.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode), try_invert=False
    )
    return found[0].text if len(found) == 1 else None


def drawn(path: str, size: int, scale: int = 8) -> Image.Image:
    """A Drawing's path on white paper. A path of any other shape than runs of modules is an error."""
    runs = _RUN.findall(path)
    assert "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in runs) == path
    picture = Image.new("L", (size * scale, size * scale), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, length in (map(int, run) for run in runs):
        pen.rectangle((x * scale, y * scale, (x + length) * scale - 1, (y + 1) * scale - 1), fill=0)
    return picture


def photo(
    picture: Image.Image | bytes,
    *,
    width: int = 400,
    blur: float = 0,
    angle: float = 0,
    contrast: float = 1,
    tilt: float = 0,
) -> Image.Image:
    """The picture as a camera sees it: `width` pixels wide, on a grey wall, blurred by a radius in those pixels,
    turned by degrees, paler, and with its upper edge shortened by the share `tilt`."""
    if isinstance(picture, bytes):
        picture = Image.open(io.BytesIO(picture))
    seen = picture.convert("L").resize((width, width), Image.Resampling.BOX)
    if tilt:
        seen = _tilted(seen, tilt)
    wall = Image.new("L", (width * 2, width * 2), 128)
    wall.paste(seen, (width // 2, width // 2))
    wall = wall.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=128)
    wall = ImageEnhance.Contrast(wall).enhance(contrast)
    return wall.filter(ImageFilter.GaussianBlur(blur))


def _tilted(picture: Image.Image, tilt: float) -> Image.Image:
    """Seen from below: QUAD names where each corner of the result comes from."""
    width, height = picture.size
    wide = Image.new("L", (round(width * (1 + 2 * tilt)), height), 128)
    wide.paste(picture, (round(width * tilt), 0))
    shift = width * tilt
    corners = (0, 0, shift, height, width + shift, height, width + 2 * shift, 0)
    return wide.transform((width, height), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=128)


def without_quiet_zone(picture: bytes, modules: int) -> Image.Image:
    """The code printed right up to a dark frame: `modules` is the size of the picture in modules, its border four."""
    opened = Image.open(io.BytesIO(picture)).convert("L")
    edge = opened.width * 4 // modules
    inner = opened.crop((edge, edge, opened.width - edge, opened.height - edge))
    framed = Image.new("L", opened.size, 0)
    framed.paste(inner, (edge, edge))
    return framed
