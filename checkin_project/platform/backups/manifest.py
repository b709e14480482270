"""What a backup says about itself: a small JSON file beside the data, without personal data."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

VERSION = 1
SUFFIX = ".json"
SEALED = ".age"
DATA = {"postgresql": ".dump", "sqlite": ".sqlite3.gz"}
_NAME = re.compile(r"checkin-(\d{8}T\d{6})Z-[0-9a-f]{8}(\.dump|\.sqlite3\.gz)(\.age)?")


class BackupError(Exception):
    """One sentence about why a backup cannot be made, trusted or put back; nothing was changed unless it says so."""


class CannotTryError(BackupError):
    """It says nothing about the backup: the key, a right or a program is missing."""


@dataclass(frozen=True, slots=True)
class Table:
    """`newest` is the latest moment in any column; `checksum` is over all rows in any order, where one was made."""

    rows: int
    newest: str | None = None
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a database: its tables by name, and the migrations that made them, as "app.name"."""

    tables: Mapping[str, Table]
    migrations: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True, slots=True)
class Manifest:
    """`size` and `sha256` are of the data file as it is stored. `sealed_for` are the public keys it was sealed with."""

    name: str
    made_at: datetime
    engine: str
    server: str
    contents: Contents
    size: int = 0
    sha256: str = ""
    sealed_for: tuple[str, ...] = field(default=())

    @property
    def file_name(self) -> str:
        return self.name + SUFFIX

    def to_json(self) -> bytes:
        values = asdict(self) | {"format": VERSION, "made_at": self.made_at.isoformat()}
        return json.dumps(values, indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_json(cls, raw: bytes) -> Manifest:
        """Raises BackupError when this is no manifest, or one of a later format."""
        try:
            values: dict[str, Any] = json.loads(raw)
            if values["format"] != VERSION:
                raise BackupError("The backup was made by a newer version of this program. Use that one.")
            contents = values["contents"]
            return cls(
                name=str(values["name"]),
                made_at=datetime.fromisoformat(values["made_at"]),
                engine=str(values["engine"]),
                server=str(values["server"]),
                contents=Contents(
                    {str(name): Table(**table) for name, table in contents["tables"].items()},
                    tuple(contents["migrations"]),
                ),
                size=int(values["size"]),
                sha256=str(values["sha256"]),
                sealed_for=tuple(values["sealed_for"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError("The file beside the backup, which says what has to be inside, is damaged.") from None


def new_name(engine: str, *, at: datetime, sealed: bool) -> str:
    return f"checkin-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}{DATA[engine]}{SEALED if sealed else ''}"


def moment_of(name: str) -> datetime | None:
    """When the backup of this name was made; None when it is no name of a backup."""
    match = _NAME.fullmatch(name)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if match else None
