"""How far an import is: written to its run now and then, so that its page shows that it lives."""

from __future__ import annotations

from time import monotonic
from types import TracebackType

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from checkin_project.platform.imports.records import ImportRun

SECONDS = 0.5


class SupersededError(Exception):
    """Somebody else has taken the run over: this attempt ends here."""


def still_mine(run: ImportRun, claim: str, **progress: int) -> None:
    """Locks the run; raises SupersededError unless this attempt is the one that counts."""
    mine = ImportRun.objects.filter(pk=run.pk, claim=claim, state=run.state)
    if not mine.update(touched_at=timezone.now(), **progress):
        raise SupersededError


class Pulse:
    """Called with a number of rows done. `before` are those of earlier passes over the same file."""

    def __init__(self, run: ImportRun, claim: str, *, before: int = 0) -> None:
        self._run, self._claim, self._before = run, claim, before
        self._next = monotonic() + SECONDS

    def __call__(self, done: int) -> None:
        if monotonic() >= self._next:
            self._write(self._before + done)
            self._next = monotonic() + SECONDS

    def _write(self, done: int) -> None:
        mine = ImportRun.objects.filter(pk=self._run.pk, claim=self._claim)
        if not mine.update(done=done, touched_at=timezone.now()):
            raise SupersededError


class PulseBeside(Pulse):
    """For use inside a transaction, which hides its own writing: speaks on a connection beside it.

    SQLite has one writer at a time, so there the run says nothing while its records are being written.
    """

    def __init__(self, run: ImportRun, claim: str, *, before: int = 0) -> None:
        super().__init__(run, claim, before=before)
        self._beside: BaseDatabaseWrapper | None = None

    def __enter__(self) -> PulseBeside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beside is not None:
            self._beside.close()

    def _write(self, done: int) -> None:
        if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
            return
        if self._beside is None:
            self._beside = connections.create_connection(DEFAULT_DB_ALIAS)
        with self._beside.cursor() as cursor:
            cursor.execute(
                "UPDATE import_runs SET done = %s, touched_at = %s WHERE id = %s AND claim = %s",
                [done, timezone.now(), self._run.pk, self._claim],
            )
