"""One YAML file for each group, read as the rows of one sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from checkin_project.platform.sheets import Problem, Row, Sheet

_LARGEST = 256_000
_MOST_FILES = 5_000
_ENDINGS = (".yaml", ".yml")


def yaml_files(names: Sequence[str]) -> list[Path] | None:
    """The files behind these names, a folder standing for all that it holds; None when one is something else."""
    found: list[Path] = []
    for path in map(Path, names):
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in _ENDINGS)
        elif path.suffix.lower() in _ENDINGS:
            found.append(path)
        else:
            return None
    return found[:_MOST_FILES]


class GroupFiles(Sheet):
    """Each file is a row, and its number, from 1, the row's line. Lists are written as JSON."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self.fatal: Problem | None = None
        self._read = [self._load(number, path) for number, path in enumerate(self.paths, start=1)]
        keys = dict.fromkeys(key for found in self._read if isinstance(found, dict) for key in found)
        self.header = tuple(keys)
        self.done = 0
        if not self.paths:
            self.fatal = Problem(0, "", "", _("There is no YAML file here."), fatal=True)
        elif not keys:
            self.fatal = next((found for found in self._read if isinstance(found, Problem)), None)

    def __iter__(self) -> Iterator[Row | Problem]:
        for number, found in enumerate(self._read, start=1):
            self.done = number
            if isinstance(found, Problem):
                yield found
            else:
                yield Row(number, number, tuple(found.get(key, "") for key in self.header))

    def _load(self, number: int, path: Path) -> dict[str, str] | Problem:
        if path.stat().st_size > _LARGEST:
            return Problem(number, "", "", _("This file is too large for one group."))
        try:
            found = yaml.safe_load(path.read_bytes())
        except (yaml.YAMLError, ValueError, RecursionError):
            return Problem(number, "", "", _("This file is not YAML."))
        if not isinstance(found, dict):
            return Problem(number, "", "", _("This file does not name fields and their values."))
        cells: dict[str, str] = {}
        for key, value in found.items():
            cell = _cell(value)
            if cell is None:
                reason = _("This is neither a text nor a list of texts.")
                return Problem(number, str(key)[:80], "", reason)
            cells[str(key)[:80]] = cell
        return cells


def _cell(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        texts = [_cell(item) if not isinstance(item, list | dict) else None for item in value]
        return None if None in texts else json.dumps(texts, ensure_ascii=False)
    return None if isinstance(value, dict) else str(value).replace("\x00", "␀")
