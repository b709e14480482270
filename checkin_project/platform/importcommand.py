"""What `manage.py import_members` and its likes share: arguments, progress, what is printed, and exit codes."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.imports import Duplicates, ImportReport, Options, Plan, RowState
from checkin_project.platform.imports.kinds import Import, kind
from checkin_project.platform.imports.sources import open_source
from checkin_project.platform.outbound import OutboundError
from checkin_project.platform.sheets import Problem, Sheet, SheetWriter

ROWS_FAILED, UNREADABLE = 1, 2
_BAR = 30


class ImportCommand(BaseCommand):
    """Exit codes: 0 every row went in (or would), 1 some did not, 2 the file could not be read; nothing was written."""

    kind_name: str
    files: int | str = 1
    file_help = _lazy("The CSV file, or the https:// address of a published one.")

    def open(self, names: list[str]) -> AbstractContextManager[tuple[Sheet, Callable[[], float]]]:
        """The sheet that these names stand for, and what says how much of it has been read."""
        return open_source(names[0])

    def where(self, line: int) -> str:
        """How a person finds a line again."""
        return _("line %(line)d") % {"line": line}

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs=self.files, help=str(self.file_help))
        parser.add_argument("--dry-run", action="store_true", help=_("Say what would happen and write nothing."))
        parser.add_argument("--strict", action="store_true", help=_("Write nothing if a single row has a problem."))
        parser.add_argument("--report", type=Path, help=_("Write the problems to this CSV file."))
        parser.add_argument(
            "--create-missing", action="store_true", help=_("Make events and people that rows name and nobody knows.")
        )
        parser.add_argument(
            "--duplicates",
            choices=Duplicates.values,
            default=Duplicates.KEEP.value,
            help=_("What becomes of rows that are likely the same as a known record: update it, keep both, or skip."),
        )
        parser.add_argument("--zone", default=settings.TIME_ZONE, help=_("The zone of times that name none."))

    def handle(self, *args: Any, **options: Any) -> None:
        run = kind(self.kind_name).make(_options(options))
        plan = self._read(run, options["file"])
        problems = list(plan.problems)
        self._print_rows(plan)
        if options["report"]:
            self._write_report(options["report"], problems)
        if plan.fatal is not None:
            raise CommandError(_("The file could not be read; nothing was written."), returncode=UNREADABLE)
        report = None
        if not options["dry_run"] and not (options["strict"] and problems):
            report = run.apply(plan, by=SYSTEM, at=timezone.now())
            for problem in report.outdated:
                self.stderr.write(self._named(problem))
        self._print_summary(plan, report, dry_run=options["dry_run"])
        if plan.counts[RowState.ERROR] or (report is not None and report.outdated):
            raise CommandError(_("Some rows could not be imported. They are named above."), returncode=ROWS_FAILED)

    def _read(self, run: Import, names: list[str]) -> Plan:
        is_terminal = self.stdout.isatty()
        try:
            with self.open(names) as (sheet, share):
                plan = run.plan(sheet, progress=self._bar(share) if is_terminal else None)
        except OutboundError as error:
            raise CommandError(str(error), returncode=UNREADABLE) from None
        except OSError as error:
            says = {"path": error.filename or names[0], "reason": error.strerror or error}
            reason = _("%(path)s cannot be opened: %(reason)s.") % says
            raise CommandError(reason, returncode=UNREADABLE) from None
        if is_terminal:
            self.stdout.write("\r\x1b[K", ending="")
        return plan

    def _bar(self, share: Callable[[], float]) -> Callable[[int], None]:
        """Draws how much of the file has been read, in place of what was drawn before."""

        def draw(rows: int) -> None:
            done = min(share(), 1.0)
            bar = ("█" * round(done * _BAR)).ljust(_BAR, "░")
            text = _("%(rows)d rows") % {"rows": rows}
            self.stdout.write(f"\r{bar} {done:4.0%}  {text}", ending="")
            self.stdout.flush()

        return draw

    def _print_rows(self, plan: Plan) -> None:
        for problem in plan.problems:
            self.stderr.write(self._named(problem))
        for row in plan.rows:
            for likely in row.likely:
                where = _("line %(line)d") % {"line": likely.line} if likely.line else _("on record")
                says = {"line": self.where(row.line), "name": row.label, "other": likely.label, "where": where}
                says["reasons"] = ", ".join(likely.reasons)
                self.stdout.write(_LIKELY[row.state]() % says)
            for note in row.notes:
                self.stdout.write(f"{self.where(row.line)}: {note}")

    def _named(self, problem: Problem) -> str:
        place = self.where(problem.line) if problem.line else ""
        return f"{', '.join(filter(None, (place, problem.column)))}: {problem.reason}".removeprefix(": ")

    def _print_summary(self, plan: Plan, report: ImportReport | None, *, dry_run: bool) -> None:
        if not plan.rows:
            self.stdout.write(f"{self.where(1)}: {_('The file has headings but no rows.')}")
        # Commands leave no likely duplicate out unless asked to, so that number mostly says nothing.
        shown = [(state, count) for state, count in plan.counts.items() if count or state is not RowState.SKIPPED]
        counts = ", ".join(f"{count} {state.label}" for state, count in shown)
        self.stdout.write(_("%(rows)d rows: %(counts)s") % {"rows": len(plan.rows), "counts": counts})
        if report is None or report.outdated:
            self.stdout.write(_("Dry run: nothing was written.") if dry_run else _("Nothing was written."))

    def _write_report(self, path: Path, problems: list[Problem]) -> None:
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = SheetWriter(file, ["line", "column", "value", "reason"])
                for problem in problems:
                    writer.write([problem.line, problem.column, problem.value.replace("\x00", "␀"), problem.reason])
        except OSError as error:
            reason = _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror}
            raise CommandError(reason, returncode=UNREADABLE) from None


def _options(given: dict[str, Any]) -> Options:
    try:
        zone = ZoneInfo(given["zone"])
    except (ValueError, OSError, LookupError):
        reason = _("%(name)s is not a known time zone. Example: America/New_York.") % {"name": given["zone"]}
        raise CommandError(reason, returncode=UNREADABLE) from None
    return Options(zone, create_missing=given["create_missing"], duplicates=Duplicates(given["duplicates"]))


def _of_row_that_goes_in() -> str:
    return _("%(line)s: %(name)s is new, but likely the same as %(other)s (%(where)s; %(reasons)s)")


def _of_row_left_out() -> str:
    return _("%(line)s: %(name)s is left out, being likely the same as %(other)s (%(where)s; %(reasons)s)")


def _of_row_with_problem() -> str:
    return _("%(line)s: perhaps %(other)s is meant (%(where)s; %(reasons)s)")


_LIKELY: dict[RowState, Callable[[], str]] = {
    **dict.fromkeys(RowState, _of_row_that_goes_in),
    RowState.SKIPPED: _of_row_left_out,
    RowState.ERROR: _of_row_with_problem,
}
