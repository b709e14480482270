"""Groups from spreadsheets and from one YAML file each, onto the groups that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform import imports
from checkin_project.platform.access import Actor
from checkin_project.platform.imports import (
    ImportReport,
    Options,
    Placement,
    Plan,
    Record,
    RowState,
    Written,
    apply_plan,
    batches,
    make_plan,
)
from checkin_project.platform.imports.kinds import Kind
from checkin_project.platform.imports.undoing import undo_records
from checkin_project.platform.sheets import Problem, Sheet
from checkin_project.platform.text import fold
from events.grouplegacy import ALIASES, FIELDS, Reading, read_row
from events.models import Category, Group

_FIELDS = [
    "name",
    "slug",
    "website",
    "ical_url",
    "fallback_url",
    "active",
    "scan_for_metadata",
    "suppress_urls",
    "skip_phrases",
]
_LINK = Group.categories.through._meta.label
_CATEGORY = Category._meta.label
_REASON = "import"


class GroupImporter(imports.Importer[Group, Reading]):
    model = Group
    aliases = ALIASES
    needs = (frozenset({"name"}), frozenset({"website", "ical_url", "fallback_url", "categories", "active"}))
    automatic = ()

    def __init__(self) -> None:
        super().__init__()
        self.categories: dict[int, dict[str, None]] = {}  # record → slugs that it has or gets
        self._by_name: dict[str, int] = {}
        self._by_slug: dict[str, int] = {}

    def load(self) -> None:
        numbers: dict[int, int] = {}
        for pk, *values in Group.objects.order_by("pk").values_list("pk", *_FIELDS).iterator():
            numbers[pk] = len(self.records)
            self.records.append(Record(pk, dict(zip(_FIELDS, values, strict=True))))
            self._remember(len(self.records) - 1)
        for pk, slug in Group.objects.filter(categories__isnull=False).values_list("pk", "categories__slug"):
            self.categories.setdefault(numbers[pk], {})[slug] = None

    def _remember(self, number: int) -> None:
        record = self.records[number]
        self._by_name.setdefault(fold(record.get("name")), number)
        self._by_slug.setdefault(record.get("slug"), number)

    def read(self, cells: Mapping[str, str], unknown: Mapping[str, str]) -> Reading:
        return read_row(cells, unknown)

    def place(self, reading: Reading) -> Placement:
        by_slug = self._by_slug.get(reading.values.get("slug", ""))
        by_name = self._by_name.get(fold(reading.values["name"]))
        if by_slug is not None and by_name not in (None, by_slug):
            says = {"one": self.describe(self.records[by_slug]), "other": self.describe(self.records[by_name or 0])}
            reason = _("The slug belongs to %(one)s, but the name to %(other)s.") % says
            return Placement(problems=(("slug", reason),))
        return Placement(by_name if by_slug is None else by_slug, notes=reading.notes)

    def merge(self, number: int, reading: Reading) -> None:
        record = self.records[number]
        values = dict(reading.values)
        if record.get("name") and fold(record.get("name")) == fold(values["name"]):
            del values["name"]
        if record.get("slug"):
            values.pop("slug", None)  # addresses stand in links and bookmarks
        elif "slug" not in values:
            values["slug"] = self._free_slug(values["name"])
        record.values = {**record.values, **values}
        known = self.categories.setdefault(number, {})
        for name in reading.categories:
            known[slugify(name) or "other"] = None
        self._remember(number)

    def _free_slug(self, name: str) -> str:
        stem = slugify(name)[:70] or "group"
        slug, count = stem, 1
        while slug in self._by_slug:
            count += 1
            slug = f"{stem}-{count}"
        return slug

    def label(self, record: Record) -> str:
        return str(record.get("name"))

    def taken(self, records: Sequence[Record]) -> Iterator[Problem]:
        new = {record.values["slug"]: record for record in records if record.pk is None}
        for batch in batches(new):
            for slug in Group.objects.filter(slug__in=batch).values_list("slug", flat=True):
                yield Problem(new[slug].line, "slug", slug, _("A group with this slug was added since the preview."))

    def build(self, values: Mapping[str, Any]) -> Group:
        return Group(**values)

    def finish(self, created: Sequence[Group], updated: Sequence[Group]) -> None:
        """Categories are written by `GroupImport`, which knows whose they are."""


class GroupImport:
    """See `platform.imports.kinds.Import`. Categories are a part of the plan, a record for each group."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def plan(self, sheet: Sheet, *, progress: Callable[[int], None] | None = None) -> Plan:
        importer = GroupImporter()
        plan = make_plan(sheet, importer, progress=progress, options=self._options)
        if plan.fatal is not None:
            return plan
        stored: dict[int, list[str]] = {}
        pairs = Group.objects.filter(categories__isnull=False).values_list("pk", "categories__slug")
        for pk, slug in pairs.order_by("pk", "categories__slug"):
            stored.setdefault(pk, []).append(slug)
        part = Plan()
        places: dict[int, int] = {}
        for number, slugs in sorted(importer.categories.items()):
            record = plan.records[number]
            before, after = stored.get(record.pk or 0, []), sorted(slugs)
            if record.line and before != after:
                places[number] = len(part.records)
                names = {"categories": ", ".join(before)}, {"categories": ", ".join(after)}
                part.records.append(Record(record.pk, names[0], names[1], record.line))
        plan.parts = (part,)
        for row in plan.rows:
            if row.record in places and row.state is not RowState.REPEATED:
                row.also = ((0, places[row.record]),)
                row.state = RowState.CHANGED if row.state is RowState.SAME else row.state
        return plan

    def apply(
        self, plan: Plan, *, by: Actor, at: datetime, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        importer = GroupImporter()
        importer.records = plan.records
        user = get_user_model().objects.filter(pk=by.user_id).first() if by.user_id else None
        with transaction.atomic():
            report = apply_plan(plan, importer, by=by, at=at)
            if report.outdated:
                return report
            written = list(report.written)
            keys = {item.line: item.pk for item in written if item.before is None}
            found = plan.parts[0].records if plan.parts else []
            categories, made = _categories(found)
            for record in found:
                pk = record.pk or keys[record.line]
                before = _slugs(record.stored.get("categories") or "")
                added = [slug for slug in _slugs(record.values["categories"]) if slug not in before]
                _change_categories(pk, [categories[slug] for slug in added], [], user, _REASON)
                written.append(Written(_LINK, pk, record.line, {}, {"added": [categories[slug] for slug in added]}))
        changed = {item.pk for item in written if item.model_label != _CATEGORY and item.before is not None}
        return ImportReport(report.created, len(changed - set(keys.values())), written=[*written, *made])

    def undo(self, written: Iterable[Written], *, by: Actor, at: datetime) -> list[Problem]:
        found: dict[str, list[Written]] = {}
        for item in written:
            found.setdefault(item.model_label, []).append(item)
        user = get_user_model().objects.filter(pk=by.user_id).first() if by.user_id else None
        with transaction.atomic():
            problems = undo_records(found.get(Group._meta.label, []), GroupImporter(), by=by, at=at)
            if problems:
                return problems
            for item in found.get(_LINK, []):
                _change_categories(item.pk, [], item.after["added"], user, "import taken back")
            made = Category.objects.filter(pk__in=[item.pk for item in found.get(_CATEGORY, [])])
            made.filter(groups=None, events=None).delete()
        return []


def _slugs(text: str) -> list[str]:
    return [slug for slug in text.split(", ") if slug]


def _categories(records: Sequence[Record]) -> tuple[dict[str, int], list[Written]]:
    """The keys of all categories by slug, and those that had to be made."""
    wanted = {slug: record.line for record in reversed(records) for slug in _slugs(record.values["categories"])}
    known = dict(Category.objects.values_list("slug", "pk"))
    missing = sorted(set(wanted) - set(known))
    rows = Category.objects.bulk_create(
        [Category(name=slug.replace("-", " ").capitalize()[:80], slug=slug[:80]) for slug in missing]
    )
    known |= {row.slug: row.pk for row in rows}
    return known, [Written(_CATEGORY, row.pk, wanted[row.slug], None, {"slug": row.slug}) for row in rows]


def _change_categories(pk: int, added: Sequence[int], removed: Sequence[int], user: Any, reason: str) -> None:
    """Through the model, whose history follows along."""
    group = Group.objects.filter(pk=pk).first()
    if group is None:
        return
    group._history_user = user  # type: ignore[attr-defined]
    group._change_reason = reason  # type: ignore[attr-defined]
    if added:
        group.categories.add(*added)
    if removed:
        group.categories.remove(*removed)


def kind() -> Kind:
    """Groups as a kind of file."""
    return Kind("groups", _lazy("Groups"), FIELDS, ALIASES, GroupImporter.needs, GroupImport)
