"""What `manage.py import_members` and its likes share: arguments, progress, what is printed, and exit codes."""

from __future__ import annotations

from abc import abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from checkin_project.platform.access import SYSTEM, Actor
from checkin_project.platform.imports import ImportReport, Plan, RowState
from checkin_project.platform.sheets import Problem, Sheet, SheetWriter, open_sheet

ROWS_FAILED, UNREADABLE = 1, 2


class ImportCommand(BaseCommand):
    """Exit codes: 0 every row went in (or would), 1 some did not, 2 the file could not be read; nothing was written."""

    @abstractmethod
    def plan(self, sheet: Sheet, progress: Callable[[int], None] | None) -> Plan: ...

    @abstractmethod
    def apply(self, plan: Plan, *, by: Actor, at: Any) -> ImportReport: ...

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=_("The CSV file."))
        parser.add_argument("--dry-run", action="store_true", help=_("Say what would happen and write nothing."))
        parser.add_argument("--strict", action="store_true", help=_("Write nothing if a single row has a problem."))
        parser.add_argument("--report", type=Path, help=_("Write the problems to this CSV file."))

    def handle(self, *args: Any, **options: Any) -> None:
        plan = self._read(options["file"])
        problems = list(plan.problems)
        self._print_rows(plan)
        if options["report"]:
            self._write_report(options["report"], problems)
        if plan.fatal is not None:
            raise CommandError(_("The file could not be read; nothing was written."), returncode=UNREADABLE)
        report = None
        if not options["dry_run"] and not (options["strict"] and problems):
            report = self.apply(plan, by=SYSTEM, at=timezone.now())
            for problem in report.outdated:
                self.stderr.write(str(problem))
        self._print_summary(plan, report, dry_run=options["dry_run"])
        if plan.counts[RowState.ERROR] or (report is not None and report.outdated):
            raise CommandError(_("Some rows could not be imported. They are named above."), returncode=ROWS_FAILED)

    def _read(self, path: Path) -> Plan:
        is_terminal = self.stdout.isatty()

        def progress(count: int) -> None:
            self.stdout.write(f"\r{count}", ending="")
            self.stdout.flush()

        try:
            with open_sheet(path) as sheet:
                plan = self.plan(sheet, progress if is_terminal else None)
        except OSError as error:
            reason = _("%(path)s cannot be opened: %(reason)s.") % {"path": path, "reason": error.strerror}
            raise CommandError(reason, returncode=UNREADABLE) from None
        if is_terminal:
            self.stdout.write("\r", ending="")
        return plan

    def _print_rows(self, plan: Plan) -> None:
        for problem in plan.problems:
            self.stderr.write(str(problem))
        for row in plan.rows:
            for likely in row.likely:
                where = _("line %(line)d") % {"line": likely.line} if likely.line else _("on record")
                says = {"line": row.line, "name": row.label, "other": likely.label, "where": where}
                says["reasons"] = ", ".join(likely.reasons)
                self.stdout.write(
                    _("line %(line)d: %(name)s is new, but likely the same as %(other)s (%(where)s; %(reasons)s)")
                    % says
                )
            for note in row.notes:
                self.stdout.write(f"line {row.line}: {note}")

    def _print_summary(self, plan: Plan, report: ImportReport | None, *, dry_run: bool) -> None:
        if not plan.rows:
            self.stdout.write(_("The file has headings but no rows."))
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
