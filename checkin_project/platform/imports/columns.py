"""Which column of a file stands for which field, and what a refused row is shown with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from checkin_project.platform.imports.options import Options
from checkin_project.platform.imports.plan import Likely, PlannedRow, RowState
from checkin_project.platform.legacy import field_of, is_blank
from checkin_project.platform.sheets import Problem, Row, Sheet

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Columns:
    """`fields` are those of the headings, in their order; "" where a heading stands for none."""

    header: Sequence[str]
    fields: Sequence[str]

    def is_blank(self, row: Row) -> bool:
        return all(map(is_blank, row.cells))

    def cells(self, row: Row) -> dict[str, str]:
        """By field."""
        return {name: cell for name, cell in zip(self.fields, row.cells, strict=True) if name}

    def unknown(self, row: Row) -> dict[str, str]:
        """By heading: what has no field."""
        columns = zip(self.header, self.fields, row.cells, strict=True)
        return {heading: cell for heading, name, cell in columns if not name}

    def refused(
        self,
        row: Row,
        problems: Iterable[tuple[str, str]],
        likely: tuple[Likely, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> PlannedRow:
        """The row with its problems, (field or heading, reason), each with its heading and cell."""
        heading_of = {name: heading for heading, name in zip(self.header, self.fields, strict=True) if name}
        cells = self.unknown(row) | self.cells(row)
        found = tuple(
            Problem(row.line, heading_of.get(name, name), cells.get(name, "")[:_SHOWN], reason)
            for name, reason in problems
        )
        return PlannedRow(row.line, RowState.ERROR, problems=found, likely=likely, notes=notes)


def columns_of(
    sheet: Sheet, aliases: Mapping[str, str], needs: Sequence[frozenset[str]], options: Options | None
) -> Columns | Problem:
    """The columns of a sheet, or why its rows cannot be read. `aliases` (heading key → field) yield to the operator."""
    if sheet.fatal is not None:
        return sheet.fatal
    chosen: Mapping[str, str] = options.columns if options else {}
    fields = [chosen.get(heading, field_of(heading, aliases)) for heading in sheet.header]
    first: dict[str, str] = {}
    known = set(aliases.values())
    for heading, name in zip(sheet.header, fields, strict=True):
        if name and name not in known:
            reason = _("There is no field called “%(name)s”.") % {"name": name}
            return Problem(1, heading, "", reason, fatal=True)
        if name and first.setdefault(name, heading) != heading:
            reason = _("“%(one)s” and “%(other)s” stand for the same field. Delete one of the columns.")
            return Problem(1, heading, "", reason % {"one": first[name], "other": heading}, fatal=True)
    for choice in needs:
        if not choice & set(fields):
            reason = _("No column is called %(names)s.") % {"names": _(" or ").join(sorted(choice))}
            return Problem(1, "", ", ".join(sheet.header)[:_SHOWN], reason, fatal=True)
    return Columns(sheet.header, fields)
