"""What backups are called, what they say, how long they are kept and how they are sealed: without any database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checkin_project.platform.backups import keeping, sealing
from checkin_project.platform.backups.contents import differences
from checkin_project.platform.backups.manifest import BackupError, Contents, Manifest, Table, moment_of, new_name

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _made(*days_ago: float) -> list[str]:
    return [new_name("sqlite", at=NOW - timedelta(days=days), sealed=False) for days in days_ago]


def test_kept_are_the_latest_and_one_of_each_day_and_week() -> None:
    names = _made(0, 0.1, 0.2, 0.3, 1.1, 1.2, 2.1, 9, 10, 17, 60)

    gone = keeping.to_delete(names, keeping.Policy(latest=2, days=2, weeks=3))

    # Today and yesterday, the newest of this week and of the two before that had any.
    kept = [name for name in names if name not in gone]
    assert kept == [names[0], names[1], names[4], names[7], names[9]]


def test_the_newest_backup_is_never_deleted() -> None:
    names = _made(0, 100)

    assert keeping.to_delete(names, keeping.Policy(latest=0, days=0, weeks=0)) == [names[1]]


def test_a_name_tells_its_moment() -> None:
    name = new_name("postgresql", at=NOW, sealed=True)

    assert moment_of(name) == NOW
    assert name.endswith(".dump.age")
    assert [moment_of(other) for other in (f"{name}.json", "checkin.dump", "../x", "")] == [None] * 4


def test_a_manifest_reads_what_it_wrote() -> None:
    contents = Contents({"users": Table(2, "2026-11-20T12:00:00+00:00", "abc"), "empty": Table(0)}, ("platform.0001",))
    manifest = Manifest("n", NOW, "sqlite", "3.40", contents, 12, "f" * 64, ("age1x",))

    assert Manifest.from_json(manifest.to_json()) == manifest


def test_what_differs_is_named() -> None:
    def having(**tables: Table) -> Contents:
        return Contents(tables, ())

    expected = having(a=Table(1), b=Table(1), c=Table(1, "2026"), d=Table(1, None, "x"), e=Table(1, None, "x"))
    found = having(b=Table(2), c=Table(1, "2025"), d=Table(1, None, "y"), e=Table(1), f=Table(0))

    assert differences(expected, found) == [
        "Table a is missing.",
        "Table b has 2 rows instead of 1.",
        "The newest row of table c is of 2025 instead of 2026.",
        "The rows of table d are not the same ones.",
        "Table f is too much.",
    ]
    assert differences(Contents({}, ("a.1",)), Contents({}, ())) == ["The migrations differ."]


def test_a_sealed_file_that_is_cut_does_not_open(tmp_path: Path) -> None:
    plain, sealed, keys = tmp_path / "plain", tmp_path / "sealed", tmp_path / "keys"
    plain.write_bytes(b"x" * 200_000)
    sealing.seal(plain, sealed, [sealing.make_keys(keys)])
    sealed.write_bytes(sealed.read_bytes()[:-30])

    with pytest.raises(BackupError, match="cannot be decrypted to its end"):
        sealing.unseal(sealed, tmp_path / "out", keys)
