"""What the page of a run shows: totals, one page of its rows, and what they became."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from checkin_project.platform.imports import kinds
from checkin_project.platform.imports.options import Duplicates
from checkin_project.platform.imports.plan import RowState
from checkin_project.platform.imports.records import ImportRow, ImportRun, ImportWrite, RunState
from checkin_project.platform.imports.shown import EXTRA

PER_PAGE = 50
LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows are in a state, and the address that shows them."""

    name: str
    label: str
    count: int
    url: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row with words for its state and fields, the choice made for it, and links to what it became."""

    row: ImportRow
    state: str
    changes: list[tuple[str, str, str]]
    decision: str
    is_open: bool  # may the choice be made now?
    records: list[tuple[str, str]]


def filter_in(query: Mapping[str, str]) -> str:
    """The state of rows (or LIKELY) that is asked for; "" for all."""
    name = query.get("show", "")
    return name if name in RowState.values or name == LIKELY else ""


def totals(run: ImportRun, shown: str) -> list[Total]:
    """Of all rows, of each state, and of those with likely duplicates."""

    def total(name: str, label: str, count: int) -> Total:
        return Total(name, label, count, f"?{urlencode({'show': name})}" if name else "?", name == shown)

    of_states = [total(state, capfirst(str(state.label)), run.counts.get(state, 0)) for state in RowState]
    found = [total("", _("All rows"), run.row_count), *of_states]
    return [*found, total(LIKELY, _("Likely known"), run.likely_count)] if run.likely_count else found


class _Counted(Paginator[Any]):
    """The run knows how many rows there are of each state."""

    def __init__(self, rows: QuerySet[ImportRow], per_page: int, known: int) -> None:
        super().__init__(rows, per_page)
        self._known = known

    @cached_property
    def count(self) -> int:
        return self._known


def page_of(run: ImportRun, shown: str, number: str, *, may_choose: bool) -> Any:
    """One page of the rows in the order of the file, as ShownRow. Two queries, however many rows there are."""
    rows = run.rows.all()
    if shown == LIKELY:
        rows = rows.exclude(likely=[])
    elif shown:
        rows = rows.filter(state=shown)
    known = next(total.count for total in totals(run, shown) if total.name == shown)
    page = _Counted(rows, PER_PAGE, known).get_page(number)
    page.object_list = _shown(run, list(page.object_list), may_choose=may_choose)
    return page


def _shown(run: ImportRun, rows: Sequence[ImportRow], *, may_choose: bool) -> list[ShownRow]:
    labels = field_labels(run)
    decisions = run.options.get("decisions", {})
    became = _became(run, [row.line for row in rows] if run.state == RunState.APPLIED else [])
    return [
        ShownRow(
            row=row,
            state=str(RowState(row.state).label),
            changes=[(_label(name, labels), old, new) for name, old, new in row.changes],
            decision=decisions.get(str(row.line), ""),
            is_open=may_choose and bool(row.likely),
            records=became[row.line],
        )
        for row in rows
    ]


def field_labels(run: ImportRun) -> Mapping[str, Any]:
    try:
        return kinds.kind(run.kind).fields
    except KeyError:
        return {}


def _label(name: str, labels: Mapping[str, Any]) -> str:
    """What people call a field; of what is kept beside a record, the heading it had in the file."""
    field, _between, heading = name.partition(EXTRA)
    return heading or str(labels.get(field, field.replace("_", " ").replace(".", ": ")))


def _became(run: ImportRun, lines: Sequence[int]) -> defaultdict[int, list[tuple[str, str]]]:
    """(what it is, address of its page) of the records that these lines wrote; "" for an address there is not."""
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    writes = ImportWrite.objects.filter(run=run, line__in=lines).order_by("pk")
    for line, label, pk in writes.values_list("line", "model", "object_pk"):
        model = apps.get_model(label)
        meta = model._meta
        is_registered = admin.site.is_registered(model)
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[pk]) if is_registered else ""
        found[line].append((str(meta.verbose_name), url))
    return found


def duplicate_choices(run: ImportRun) -> list[tuple[str, str]]:
    """What may be chosen for one row; the first leaves it to the choice for all."""
    for_all = Duplicates(run.options.get("duplicates", Duplicates.KEEP)).label
    as_for_all = _("As for all (%(choice)s)") % {"choice": for_all}
    return [("", as_for_all), *((each.value, str(each.label)) for each in Duplicates)]
