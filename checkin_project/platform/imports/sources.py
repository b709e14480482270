"""Where the file of an import comes from: a path of this machine, or the address of a published spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checkin_project.platform.outbound import PUBLIC, Guard, fetch
from checkin_project.platform.sheets import Limits, Sheet, read_sheet


def is_address(name: str) -> bool:
    return name.casefold().startswith(("http://", "https://"))


@contextmanager
def open_source(name: str, *, guard: Guard = PUBLIC) -> Iterator[tuple[Sheet, Callable[[], float]]]:
    """The sheet behind a name, and what says how much of it has been read (0–1). Raises OSError or OutboundError."""
    if is_address(name):
        body = fetch(name, max_bytes=Limits().max_bytes, guard=guard).body
        stream = io.BytesIO(body)
        yield read_sheet(stream), lambda: stream.tell() / max(len(body), 1)
        return
    path = Path(name)
    size = path.stat().st_size
    with path.open("rb") as file:
        yield read_sheet(file), lambda: file.tell() / max(size, 1)
