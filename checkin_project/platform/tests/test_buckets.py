"""Against a real server: OpenStack Swift with its S3 API."""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.core.files.base import ContentFile, File
from django.core.management import call_command

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.backups import keeping, making
from checkin_project.platform.buckets import PART_SIZE, Bucket
from checkin_project.platform.exports import Table
from checkin_project.platform.exports.copying import copy_now, exports_storage, remove
from checkin_project.platform.exports.links import link_to
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin, delete
from checkin_project.platform.models import User
from checkin_project.platform.tests.exports import NUMBERS_CSV, registered
from checkin_project.platform.tests.factories import make_user
from checkin_project.platform.tests.swift import OwnSwift

pytestmark = [pytest.mark.s3, pytest.mark.django_db]
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
REFUSED = "The storage refused access. Check the key, its secret, and what it may do in the bucket."
State = ExportRun.State


@pytest.fixture(autouse=True)
def _exports_go_to_the_bucket(own_swift: OwnSwift, settings: Any) -> Iterator[None]:
    _put(settings, own_swift.options())
    with registered():
        yield


def _put(settings: Any, options: dict[str, Any], alias: str = "exports") -> None:
    backend = "checkin_project.platform.buckets.Bucket"
    settings.STORAGES = settings.STORAGES | {alias: {"BACKEND": backend, "OPTIONS": options}}


def _copied(run: ExportRun | None = None) -> ExportRun:
    run = run or begin(Wanted("numbers"), by=SYSTEM, at=NOW)
    copy_now(run.pk, run.ticket, at=NOW)
    return ExportRun.objects.get(pk=run.pk)


def _got(url: str) -> tuple[int, bytes]:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  an address of this machine
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_stored_export_is_read_back_byte_for_byte() -> None:
    run = _copied()

    with exports_storage().open(run.key) as file:
        assert (run.state, run.error, file.read()) == (State.STORED, "", NUMBERS_CSV)
    assert (run.size, run.sha256) == (len(NUMBERS_CSV), hashlib.sha256(NUMBERS_CSV).hexdigest())


def test_a_large_file_goes_in_parts_and_comes_back_whole() -> None:
    text = "".join(map(str, range(200_000)))
    table = Table("numbers", ("a",), lambda: ((f"{number}{text}",) for number in range(12)))

    with registered(table=lambda actor: table):
        run = _copied()

    storage = exports_storage()
    assert isinstance(storage, Bucket)
    assert run.size is not None
    assert run.size > 12_000_000
    with storage.open(run.key) as file:
        assert hashlib.sha256(file.read()).hexdigest() == run.sha256
    parts = -(-run.size // PART_SIZE)
    assert storage.bucket.Object(f"exports/{run.key}").e_tag.strip('"').endswith(f"-{parts}")


def test_a_file_whose_size_no_part_divides_is_whole_too() -> None:
    storage = exports_storage()
    content = bytes(range(256)) * 40_000 + b"end"

    key = storage.save("odd.bin", File(BytesIO(content)))

    with storage.open(key) as file:
        assert file.read() == content


def test_the_link_gives_the_file_to_save_and_runs_out() -> None:
    run = _copied()
    link = link_to(run)
    short = exports_storage().url(run.key, expire=1)  # type: ignore[call-arg]

    with urlopen(link, timeout=10) as answer:  # noqa: S310
        assert answer.read() == NUMBERS_CSV
        assert answer.headers["Content-Disposition"] == 'attachment; filename="numbers-2026-11-20.csv"'
        assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "X-Amz-Expires=300" in link
    time.sleep(2.1)
    assert _got(short)[0] == 403


def test_an_altered_link_is_refused() -> None:
    run, other = _copied(), _copied()
    link = link_to(run)
    altered = link[:-4] + ("0000" if link[-4:] != "0000" else "1111")

    refused = {
        "another signature": altered,
        "another file": link.replace(run.key, other.key),
        "a longer life": link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        "another name": link.replace("numbers-2026", "better-2026"),
    }

    assert {name: _got(url)[0] for name, url in refused.items()} == dict.fromkeys(refused, 403)
    assert _got(urlsplit(link)._replace(query="").geturl())[0] == 400


def test_nothing_is_overwritten() -> None:
    storage = exports_storage()

    names = [storage.save("same.csv", ContentFile(content)) for content in (b"one", b"two")]

    assert len(set(names)) == 2
    with storage.open(names[0]) as file:
        assert file.read() == b"one"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"secret_key": "wrong"},
            "The storage refused access. Check the key, its secret, and what it may do in the bucket.",
        ),
        (
            {"access_key": "club:cleo"},
            "The storage refused access. Check the key, its secret, and what it may do in the bucket.",
        ),
        ({"bucket_name": "nowhere"}, "The storage has no such bucket. Check AWS_STORAGE_BUCKET_NAME."),
    ],
)
def test_a_wrong_key_or_bucket_is_said_in_words_and_tried_again(
    own_swift: OwnSwift, settings: Any, changes: dict[str, str], sentence: str
) -> None:
    _put(settings, own_swift.options(**changes))

    run = _copied()

    assert (run.state, run.error, run.size) == (State.RETRYING, sentence, None)
    _put(settings, own_swift.options())
    assert not exports_storage().exists(run.key)
    assert _copied(run).state == State.STORED


def test_a_server_killed_in_between_gets_the_file_once_it_is_back(own_swift: OwnSwift) -> None:
    def rows() -> Iterator[tuple[int]]:
        yield (1,)
        own_swift.kill()
        yield (2,)

    try:
        with registered(table=lambda actor: Table("numbers", ("n",), rows)):
            run = _copied()
        while_away = (run.state, run.error, run.attempts)
    finally:
        own_swift.start()

    run = _copied(run)

    assert while_away == (State.RETRYING, "The storage does not answer.", 1)
    assert (run.state, run.attempts) == (State.STORED, 2)
    with exports_storage().open(run.key) as file:
        assert file.read() == NUMBERS_CSV


def test_deleting_takes_the_file_out_of_the_bucket() -> None:
    run = _copied()
    delete(run, at=NOW)

    remove.call(run.pk, 1)

    assert not ExportRun.objects.exists()
    assert not exports_storage().exists(run.key)


def test_several_threads_store_and_read_through_one_connection() -> None:
    storage = exports_storage()
    assert isinstance(storage, Bucket)

    def round_trip(number: int) -> tuple[bool, int]:
        content = f"{number}".encode() * 1000
        key = storage.save(f"threads/{number}.csv", ContentFile(content))
        with storage.open(key) as file:
            return file.read() == content, id(storage.connection)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(round_trip, range(12)))

    assert ({is_same for is_same, _which in answers}, len({which for _same, which in answers})) == ({True}, 1)


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_kept_in_the_bucket_and_comes_back_whole(
    own_swift: OwnSwift, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    _put(settings, own_swift.options(location="backups"), "backups")
    make_user(username="ana")
    backup = making.make(NOW)
    User.objects.all().delete()

    call_command("restore", backup.name, "--force", "--yes", stdout=StringIO())

    assert keeping.names() == [backup.name]
    assert list(User.objects.values_list("username", flat=True)) == ["ana"]
    assert not (tmp_path / "backups").exists()
