"""What people send to the import's pages, turned into values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkin_project.platform.imports import kinds
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.runs import Choices, zone_named
from checkin_project.platform.legacy import field_of
from checkin_project.platform.outbound import PUBLIC, Guard, OutboundError, fetch
from checkin_project.platform.sheets import Limits, read_sheet

if TYPE_CHECKING:
    from checkin_project.platform.imports.records import ImportRun

MEGABYTE = 1_000_000
# Headings named in a refusal.
_NAMED = 8


def kind_choices() -> list[tuple[str, Any]]:
    return [(kind.name, kind.label) for kind in kinds.kinds()]


def too_large() -> str:
    most = Limits().max_bytes // MEGABYTE
    return _("This file is larger than %(max)d MB. Split it into smaller files.") % {"max": most}


class ZoneField(forms.CharField):
    """The name of a time zone → ZoneInfo."""

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        try:
            return zone_named(name)
        except ValueError:
            raise ValidationError(
                _("“%(name)s” is no time zone. Example: America/New_York.") % {"name": name[:50]}, code="zone"
            ) from None


class UploadForm(forms.Form):
    """A file or an address, what it holds, and the zone of times that name none; the library's names for its fields.

    `fallback` is the kind for headings that nobody knows: on the page of members, members.
    """

    import_file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        error_messages={
            "empty": gettext_lazy("The file is empty. Save the table again as “CSV UTF-8” and choose that file."),
        },
    )
    address = forms.CharField(
        label=gettext_lazy("Or the address of a published spreadsheet"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("As a spreadsheet program gives it when it publishes a table as CSV on the web."),
        widget=forms.URLInput(attrs={"placeholder": "https://", "class": "vURLField"}),
    )
    resource = forms.ChoiceField(label=gettext_lazy("What it holds"), required=False)
    zone = ZoneField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        help_text=gettext_lazy("Of times in the file that name none."),
    )

    def __init__(
        self, *args: Any, fallback: str = "", was_too_large: bool = False, guard: Guard = PUBLIC, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._fallback = fallback if fallback in dict(kind_choices()) else ""
        self._was_too_large, self._guard = was_too_large, guard
        self.header: tuple[str, ...] = ()
        self.fields["resource"].choices = [("", _("Tell by its headings")), *kind_choices()]  # type: ignore[attr-defined]
        self.fields["zone"].initial = settings.TIME_ZONE
        self._describe_file()

    def _describe_file(self) -> None:
        file = self.fields["import_file"]
        file.help_text = _("A table saved as “CSV UTF-8”. Nothing is written before you have seen what would happen.")
        if settings.IMPORT_XLSX:
            file.help_text = _("CSV or an Excel workbook. Nothing is written before you have seen what would happen.")
            file.widget.attrs["accept"] += ",.xlsx"
        file.widget.attrs |= {"data-max": Limits().max_bytes, "data-too-large": too_large()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._was_too_large:
            self.errors.pop("import_file", None)
            self.add_error("import_file", too_large())
        elif not self.errors:
            given = "import_file" if cleaned.get("import_file") else "address"
            if cleaned[given]:
                self._read_header(cleaned, given)
            else:
                self.add_error("import_file", _("Choose a file, or give an address."))
        return cleaned

    def _read_header(self, cleaned: dict[str, Any], given: str) -> None:
        try:
            file = cleaned["import_file"] or published(cleaned["address"], guard=self._guard)
        except OutboundError as error:
            self.add_error(given, str(error))
            return
        sheet = read_sheet(file)
        if sheet.fatal is not None:
            self.add_error(given, str(sheet.fatal))
            return
        self.header = sheet.header
        known = kinds.recognised(sheet.header)
        name = cleaned.get("resource") or (known.name if known else self._fallback)
        if not name:
            named = ", ".join(heading[:40] for heading in sheet.header[:_NAMED])
            reason = _("Nothing here is known by headings like these: %(headings)s. Say what the file holds.")
            self.add_error("resource", reason % {"headings": named})
        cleaned |= {"import_file": file, "resource": name}

    @property
    def choices(self) -> Choices:
        return Choices(self.cleaned_data["resource"], Options(zone=self.cleaned_data["zone"]))


def published(address: str, *, guard: Guard = PUBLIC) -> Any:
    """The file at an address, named after its host and the last part of its path. Raises OutboundError."""
    body = fetch(address, max_bytes=Limits().max_bytes, guard=guard).body
    parts = urlsplit(address)
    return ContentFile(body, " ".join(filter(None, (parts.hostname, parts.path.rstrip("/").rpartition("/")[2]))))


class ChoicesForm(forms.Form):
    """What holds for a whole run: its kind, the meaning of each column, and what becomes of likely duplicates."""

    kind = forms.ChoiceField(label=gettext_lazy("What it holds"))
    duplicates = forms.ChoiceField(label=gettext_lazy("Rows that are likely known already"), choices=Duplicates.choices)
    zone = ZoneField(label=gettext_lazy("Time zone of times that name none"), max_length=64)
    create_missing = forms.BooleanField(
        label=gettext_lazy("Create what the rows refer to and is not here yet"), required=False
    )

    def __init__(self, run: ImportRun, data: Any = None) -> None:
        options = run.options
        initial = {"kind": run.kind, "zone": options.get("zone")}
        initial |= {name: options.get(name) for name in ("duplicates", "create_missing")}
        super().__init__(data, initial=initial)
        self._run = run
        self._kind = kinds.kind(run.kind)
        self.fields["kind"].choices = kind_choices()  # type: ignore[attr-defined]
        if not self._kind.creates_missing:
            del self.fields["create_missing"]
        self.columns = self._add_columns(run.header, options.get("columns", {}))

    def _add_columns(self, header: Sequence[str], chosen: Mapping[str, str]) -> list[tuple[str, str]]:
        """(heading, name of its form field) for each column of the file."""
        named = []
        fields = [("", _("keep as it is, beside the record")), *self._kind.fields.items()]
        for number, heading in enumerate(header):
            name = f"column-{number}"
            current = chosen.get(heading, field_of(heading, self._kind.aliases))
            self.fields[name] = forms.ChoiceField(label=heading, choices=fields, required=False, initial=current)
            named.append((heading, name))
        return named

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[name] for _heading, name in self.columns]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        taken: dict[str, str] = {}
        for heading, name in self.columns:
            field = cleaned.get(name)
            if field and taken.setdefault(field, heading) != heading:
                reason = _("“%(one)s” has this meaning already. Only one column can.")
                self.add_error(name, reason % {"one": taken[field]})
        return cleaned

    def chosen(self, choices: Choices) -> Choices:
        """`choices` with what was sent. Another kind has other columns, so they are recognised anew."""
        cleaned = self.cleaned_data
        columns = {
            heading: cleaned[name]
            for heading, name in self.columns
            if cleaned[name] != field_of(heading, self._kind.aliases)
        }
        is_other = cleaned["kind"] != self._run.kind
        options = replace(
            choices.options,
            zone=cleaned["zone"],
            duplicates=Duplicates(cleaned["duplicates"]),
            create_missing=cleaned.get("create_missing", False),
            columns={} if is_other else columns,
            decisions={} if is_other else choices.options.decisions,
        )
        return Choices(cleaned["kind"], options)


def decisions_in(data: Mapping[str, Any], lines: Sequence[int]) -> dict[int, Duplicates | None]:
    """What was sent for these rows; None: as for all. Whatever else was sent is left aside."""
    found: dict[int, Duplicates | None] = {}
    for line in lines:
        sent = data.get(f"line-{line}")
        if sent in Duplicates.values:
            found[line] = Duplicates(sent)
        elif sent == "":
            found[line] = None
    return found
