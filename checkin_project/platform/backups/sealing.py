"""Sealing files for the holder of a private key, with age: `age --decrypt` opens them without this program, too.

https://age-encryption.org/v1: X25519, ChaCha20-Poly1305 in parts of 64 KiB, so a cut or altered file does not open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyrage
from django.conf import settings

from checkin_project.platform.backups.manifest import BackupError, CannotTryError

BEGIN = "AGE-SECRET-KEY-1"


def public_keys() -> list[str]:
    """Those that backups are sealed for; none: they are not sealed. Raises BackupError when one is no key."""
    for key in settings.BACKUP_PUBLIC_KEYS:
        _recipient(key)
    return list(settings.BACKUP_PUBLIC_KEYS)


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        raise BackupError(
            f"BACKUP_PUBLIC_KEYS has {key[:12]}…, which is no public key: `manage.py backup_key FILE` makes a pair."
        ) from None


def seal(source: Path, target: Path, keys: Sequence[str]) -> None:
    with source.open("rb") as plain, target.open("wb") as sealed:
        pyrage.encrypt_io(plain, sealed, [_recipient(key) for key in keys])


def unseal(source: Path, target: Path, key_file: Path | None) -> None:
    """Raises BackupError without the right private key, and for a file that is not whole."""
    if key_file is None:
        raise CannotTryError("The backup is encrypted: name the file with the private key by --key FILE.")
    identities = _identities(key_file)
    try:
        with source.open("rb") as sealed, target.open("wb") as plain:
            pyrage.decrypt_io(sealed, plain, identities)
    except pyrage.DecryptError:
        raise CannotTryError("The private key does not fit: the backup was encrypted for another one.") from None
    except OSError as error:
        if error.errno:  # the disk
            raise
        raise BackupError("The backup is damaged: it cannot be decrypted to its end.") from None


def _identities(key_file: Path) -> list[pyrage.x25519.Identity]:
    try:
        lines = key_file.read_text().split()
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith(BEGIN)] or _none(key_file)
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        return _none(key_file)


def _none(key_file: Path) -> list[pyrage.x25519.Identity]:
    raise CannotTryError(f"{key_file} cannot be read as a private key: it has to hold a line {BEGIN}….") from None


def make_keys(key_file: Path) -> str:
    """Write a new private key into a new file that only its owner reads; the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"{key_file} cannot be made: {error.strerror}. An existing key is never replaced.") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public
