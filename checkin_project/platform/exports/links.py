"""Links to stored files that run out: of the storage itself where it can make them, else of this site."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.core import signing
from django.core.files.storage import FileSystemStorage
from django.urls import reverse

from checkin_project.platform.access import Actor
from checkin_project.platform.exports.copying import exports_storage
from checkin_project.platform.exports.runs import ExportRun

SECONDS = 300
TOKEN_LENGTH = 200
_SALT = "exports.file"


def link_to(run: ExportRun) -> str:
    """Where the file of a stored run can be had for SECONDS. The network is not asked."""
    storage = exports_storage()
    if isinstance(storage, FileSystemStorage):
        return reverse("exports-file", args=[signing.dumps([run.pk, run.ticket], salt=_SALT)])
    # Downloaded under its plain name, and never shown by the browser as a page of the storage's address.
    as_file = {"ResponseContentDisposition": f'attachment; filename="{run.file_name}"'}
    return str(storage.url(run.key, parameters=as_file, expire=SECONDS))  # type: ignore[call-arg]


def linked(token: str, *, by: Actor) -> ExportRun | None:
    """The run whose link this is: None once it ran out, and for whoever may not see the run."""
    if len(token) > TOKEN_LENGTH:
        return None
    try:
        pk, ticket = signing.loads(token, salt=_SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return ExportRun.objects.visible_to(by).filter(pk=pk, ticket=ticket, state=ExportRun.State.STORED).first()


def is_there(run: ExportRun) -> bool:
    return exports_storage().exists(run.key)


def opened(run: ExportRun) -> BinaryIO:
    """The file itself, to be streamed. Raises FileNotFoundError."""
    return cast("BinaryIO", exports_storage().open(run.key))
