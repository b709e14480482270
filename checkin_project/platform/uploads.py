"""Files that people send: counted while they arrive, so that one that is too large costs neither memory nor disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from checkin_project.platform.sheets import Limits


class CappedUploadHandler(FileUploadHandler):
    """Stands before those that keep the file. What is too large is dropped, and the form tells by `was_too_large`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._seen += len(raw_data)
        if self._seen > Limits().max_bytes:
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Was a file of this request dropped for its size?"""
    return getattr(request, "upload_was_too_large", False)
