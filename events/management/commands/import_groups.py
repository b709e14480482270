from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from django.utils.translation import gettext_lazy as _

from checkin_project.platform.importcommand import ImportCommand
from checkin_project.platform.sheets import Sheet
from events.groupfiles import GroupFiles, yaml_files


class Command(ImportCommand):
    help = "Import groups from a CSV file, or from YAML files of one group each. Repeats change nothing."
    kind_name = "groups"
    files = "+"
    file_help = _("One CSV file or its https:// address; or YAML files and folders of them.")
    _sheet: GroupFiles | None = None

    def open(self, names: list[str]) -> AbstractContextManager[tuple[Sheet, Callable[[], float]]]:
        found = yaml_files(names)
        return self._of(GroupFiles(found)) if found is not None else super().open(names)

    @contextmanager
    def _of(self, sheet: GroupFiles) -> Iterator[tuple[Sheet, Callable[[], float]]]:
        self._sheet = sheet
        yield sheet, lambda: sheet.done / max(len(sheet.paths), 1)

    def where(self, line: int) -> str:
        if self._sheet is None:
            return super().where(line)
        return self._sheet.paths[line - 1].name
