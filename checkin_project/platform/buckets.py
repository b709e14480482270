"""Exports and backups in a bucket with S3's API. Only settings name this module: importing it loads boto3."""

from threading import Lock
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from storages.backends.s3 import S3Storage

MEGABYTE = 1024 * 1024
# Files above this are sent in parts, so that a hiccup costs one part and no file has to fit into memory.
MULTIPART_THRESHOLD = 8 * MEGABYTE
PART_SIZE = 5 * MEGABYTE  # the least that S3 takes
SENDERS = 2
DOWNLOAD_SECONDS = 300


def client_config(addressing_style: str | None) -> Config:
    """How to speak to the server: a dead or frozen one is noticed within seconds and asked once more."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style or "auto"},
        connect_timeout=3,
        read_timeout=10,
        retries={"total_max_attempts": 2, "mode": "standard"},
        # Newer checksums travel in a form that servers other than Amazon's do not know.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def transfer_config() -> TransferConfig:
    config = TransferConfig(
        multipart_threshold=MULTIPART_THRESHOLD, multipart_chunksize=PART_SIZE, max_concurrency=SENDERS
    )
    # Parts that are read ahead of those being sent; the library would hold ten.
    config.max_in_memory_upload_chunks = SENDERS + 1
    return config


class Bucket(S3Storage):
    """A private place: nothing is public, nothing is overwritten, and links run out."""

    def get_default_settings(self) -> dict[str, Any]:
        """Only what the project's settings say counts, never the library's own settings and variables."""
        defaults: dict[str, Any] = super().get_default_settings()
        return defaults | {
            "access_key": None,
            "secret_key": None,
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": DOWNLOAD_SECONDS,
            # Of a file that is read; the library would hold all of it.
            "max_memory_size": 2 * MEGABYTE,
            # Said for every file: guessing it from the name would have some be unpacked on their way back.
            "object_parameters": {"ContentType": "application/octet-stream"},
            "transfer_config": transfer_config(),
        }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._making = Lock()
        self._shared: Any = None
        self.client_config = options.get("client_config") or client_config(self.addressing_style)

    @property
    def connection(self) -> Any:
        """One for all threads, where the library makes one for each, of 13 MB.

        boto3's clients may be used by several threads at once. Of the object around it only the client and new objects
        are ever asked for, which changes nothing in it.
        """
        with self._making:
            if self._shared is None:
                self._shared = super().connection
        return self._shared
