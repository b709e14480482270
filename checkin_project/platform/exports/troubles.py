"""What is wrong with a storage, in words for the person who asked for the file. Knows botocore without importing it."""

from __future__ import annotations

import errno
import sys
from typing import Any

from django.utils.translation import gettext as _

# What servers call a key that they do not accept, and one that may not do this.
REFUSED = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure", "ExpiredToken", "InvalidToken"})
FORBIDDEN = frozenset({"AccessDenied", "Forbidden", "403"})
KEYLESS = frozenset({"NoCredentialsError", "PartialCredentialsError"})
SILENT = frozenset(
    {
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
    }
)
BROKEN = 500


class WrongSize(OSError):
    """The storage has another number of bytes than were sent."""


def storage_errors() -> tuple[type[Exception], ...]:
    """What a storage raises when it fails: errors of files, and those of botocore once something has loaded it."""
    found: list[type[Exception]] = [OSError]
    for module, names in {
        "botocore.exceptions": ("BotoCoreError", "ClientError"),
        "boto3.exceptions": ("Boto3Error",),
        "s3transfer.exceptions": ("TransferNotDoneError", "CancelledError"),
    }.items():
        loaded = sys.modules.get(module)
        found += [getattr(loaded, name) for name in names if hasattr(loaded, name)]
    return tuple(found)


def in_words(error: BaseException) -> str:
    """One or two sentences: what happened, and what to look at. Never the raw error, which may name keys and hosts."""
    if isinstance(error, WrongSize):
        return _("The storage kept another number of bytes than were sent.")
    # boto3 wraps what it meets while it sends a file in parts.
    for cause in _causes(error):
        said = _of_server(cause) or _of_network(cause) or _of_disk(cause)
        if said:
            return said
    return _("The storage failed (%(kind)s).") % {"kind": type(error).__name__}


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _of_server(error: BaseException) -> str:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    if not response:
        return ""
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in REFUSED:
        return _("The storage does not accept the key. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    if code in FORBIDDEN:
        return _("The storage refused access. Check the key, its secret, and what it may do in the bucket.")
    if code == "NoSuchBucket" or (code == "404" and status == 404):
        return _("The storage has no such bucket. Check AWS_STORAGE_BUCKET_NAME.")
    if status >= BROKEN or code in ("SlowDown", "InternalError", "ServiceUnavailable"):
        return _("The storage is out of order (it answered %(status)s).") % {"status": status or code}
    return _("The storage refused the file (%(code)s).") % {"code": code or status}


def _of_network(error: BaseException) -> str:
    if type(error).__name__ in KEYLESS:
        return _("There is no key for the storage. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    return _("The storage does not answer.") if type(error).__name__ in SILENT else ""


def _of_disk(error: BaseException) -> str:
    if not isinstance(error, OSError):
        return ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("There is no space left for the file.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _("The folder of exports may not be written to.")
    return ""
