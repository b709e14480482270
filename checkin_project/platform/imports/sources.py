"""Where the file of an import comes from: a path of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checkin_project.platform.sheets import Sheet, read_sheet


@contextmanager
def open_source(name: str) -> Iterator[tuple[Sheet, Callable[[], float]]]:
    """The sheet behind a name, and what says how much of it has been read (0–1). Raises OSError."""
    path = Path(name)
    size = path.stat().st_size
    with path.open("rb") as stream:
        yield read_sheet(stream), lambda: stream.tell() / size if size else 1.0
