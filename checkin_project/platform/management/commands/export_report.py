"""`manage.py export_report NAME [--format csv] [--to-storage | --output FILE] [--event CODE]`."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports.copying import copy_now, table_of
from checkin_project.platform.exports.formats import FORMATS, write
from checkin_project.platform.exports.registry import Export, exports_for, find
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin


class Command(BaseCommand):
    help = (
        "Export a list or report: to standard output, to a file, or to the storage of exports. Without a name it lists "
        "the names. Exit code 1 when nothing was exported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="what to export")
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--event", metavar="CODE", default="", help="of this event only")
        target = parser.add_mutually_exclusive_group()
        target.add_argument("--output", type=Path, metavar="FILE", help="write this file")
        target.add_argument(
            "--to-storage",
            action="store_true",
            help="copy it to the storage of exports; the last line printed is the file's name there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        export = find(options["name"])
        if export is None:
            raise CommandError(_unknown(options["name"]))
        params = {"event": options["event"]} if options["event"] else {}
        if params and "event" not in export.params:
            raise CommandError(_("“%(name)s” cannot be limited to an event.") % {"name": export.name})
        try:
            if options["to_storage"]:
                self._store(Wanted(export.name, options["format"], params, options["event"], ExportRun.Origin.COMMAND))
            elif options["output"]:
                self._save(export, params, options["format"], options["output"])
            else:
                _write(export, params, options["format"], sys.stdout.buffer)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None

    def _store(self, wanted: Wanted) -> None:
        at = timezone.now()
        run = begin(wanted, by=SYSTEM, at=at)
        copy_now(run.pk, run.ticket, at=at)
        run.refresh_from_db()
        if run.state == ExportRun.State.RETRYING:
            raise CommandError(_("%(error)s It will be tried again in the background.") % {"error": run.error})
        if run.state != ExportRun.State.STORED:
            raise CommandError(run.error)
        self.stdout.write(_("%(label)s: %(rows)s rows, %(size)s bytes, SHA-256 %(sha256)s") % _facts(run))
        self.stdout.write(run.key)

    def _save(self, export: Export, params: dict[str, str], format_: str, target: Path) -> None:
        """Under another name first: whoever reads the file never sees half of it, and a failure leaves the old one."""
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with draft.open("xb") as file:
                rows = _write(export, params, format_, file)
            draft.replace(target)
        except OSError as error:
            sentence = _("%(file)s cannot be written: %(why)s.") % {"file": target, "why": error.strerror}
            raise CommandError(sentence) from None
        finally:
            draft.unlink(missing_ok=True)
        self.stdout.write(
            _("%(label)s: %(rows)s rows in %(file)s") % {"label": export.label, "rows": rows, "file": target}
        )


def _write(export: Export, params: dict[str, str], format_: str, file: BinaryIO) -> int:
    return write(table_of(export, SYSTEM, params), format_, file)


def _facts(run: ExportRun) -> dict[str, object]:
    return {"label": run.label, "rows": run.rows, "size": run.size, "sha256": run.sha256}


def _unknown(name: str) -> str:
    said = _("There is no export “%(name)s”.") % {"name": name} if name else _("Which export?")
    known = [f"  {export.name}  {export.label}" for export in exports_for(SYSTEM)]
    return "\n".join([said, _("These are the names:"), *known])
