"""An export for tests, and the places where its copies go."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from checkin_project.platform.access import Actor, Permission, actor_for
from checkin_project.platform.exports import Export, Table, registry
from checkin_project.platform.exports.copying import copy_now
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin
from checkin_project.platform.models import User

NUMBERS_CSV = b"\xef\xbb\xbfnumber,word\r\n1,'=one\r\n2,two\r\n"


def numbers(rows: int = 2) -> Table:
    words = ("=one", "two")
    return Table(
        "numbers", ("number", "word"), lambda: ((n, words[n - 1] if n < 3 else str(n)) for n in range(1, rows + 1))
    )


def first_numbers(actor: Actor, params: Mapping[str, Any]) -> Table:
    if "rows" not in params:
        raise ValidationError("These numbers are gone.")
    return numbers(params["rows"])


@contextmanager
def registered(**changes: Any) -> Iterator[Export]:
    """The export "numbers" exists while the block runs."""
    fields: dict[str, Any] = {
        "name": "numbers",
        "label": "Numbers",
        "permission": Permission.REPORTS,
        "table": lambda actor: numbers(),
        "narrowed": first_numbers,
        "params": ("rows", "of"),
    }
    export = Export(**fields | changes)
    before = dict(registry._exports)
    registry.register(export)
    try:
        yield export
    finally:
        registry._exports.clear()
        registry._exports.update(before)


def folder() -> Path:
    """Where the storage `exports` keeps its files in tests."""
    return Path(settings.STORAGES["exports"]["OPTIONS"]["location"])


def stored_run(user: User) -> ExportRun:
    """A file of this person in the storage."""
    at = timezone.now()
    with registered():
        run = begin(Wanted("numbers"), by=actor_for(user), at=at)
        copy_now(run.pk, run.ticket, at=at)
    return ExportRun.objects.get(pk=run.pk)
