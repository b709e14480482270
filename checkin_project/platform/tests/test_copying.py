from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from checkin_project.platform import taskqueue
from checkin_project.platform.access import SYSTEM, Role, actor_for
from checkin_project.platform.exports import Table
from checkin_project.platform.exports.copying import MOST_ATTEMPTS, copy_now, exports_storage
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin, delete, retry, store
from checkin_project.platform.models import User
from checkin_project.platform.tests.exports import NUMBERS_CSV, registered
from checkin_project.platform.tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
State = ExportRun.State


class Forgetful(FileSystemStorage):
    """Keeps less than it was given."""

    def size(self, name: str) -> int:
        return super().size(name) - 1


@pytest.fixture(autouse=True)
def _numbers() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture
def ana() -> User:
    return make_user(Role.ORGANISER)


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Callable[..., Path]:
    """Puts the storage somewhere else: `place()` where it works, `place(broken=True)` where it cannot."""

    def put(*, broken: bool = False, backend: str = "django.core.files.storage.FileSystemStorage") -> Path:
        (tmp_path / "file").touch()
        location = tmp_path / "file" / "exports" if broken else tmp_path / "exports"
        options = {"location": location}
        settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": backend, "OPTIONS": options}}
        return location

    return put


def _copy(run: ExportRun, *, at: datetime = NOW) -> ExportRun:
    copy_now(run.pk, run.ticket, at=at)
    return ExportRun.objects.get(pk=run.pk)


def test_a_failing_storage_is_asked_again_after_growing_pauses(ana: User, place: Callable[..., Path]) -> None:
    place(broken=True)
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)

    pauses = []
    for _attempt in range(3):
        run = _copy(run)
        assert run.next_attempt_at is not None
        pauses.append(round((run.next_attempt_at - run.touched_at).total_seconds()))

    assert (run.state, run.attempts, pauses) == (State.RETRYING, 3, [30, 60, 120])
    assert run.error == "The storage failed (NotADirectoryError)."


def test_when_the_storage_is_back_the_same_run_is_stored(ana: User, place: Callable[..., Path]) -> None:
    place(broken=True)
    run = _copy(begin(Wanted("numbers"), by=actor_for(ana), at=NOW))
    location = place()

    run = _copy(run)

    assert (run.state, run.attempts, run.error, run.next_attempt_at) == (State.STORED, 2, "", None)
    assert (location / run.key).read_bytes() == NUMBERS_CSV


def test_after_many_attempts_it_has_failed_and_says_why(ana: User, place: Callable[..., Path]) -> None:
    place(broken=True)
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    ExportRun.objects.update(attempts=MOST_ATTEMPTS - 1)

    run = _copy(run)

    assert (run.state, run.attempts) == (State.FAILED, MOST_ATTEMPTS)
    assert run.error == "The storage failed (NotADirectoryError)."


@pytest.mark.usefixtures("tasks_wait")
def test_the_next_attempt_waits_in_the_database(ana: User, place: Callable[..., Path]) -> None:
    place(broken=True)
    run = store("numbers", "csv", by=actor_for(ana), at=NOW)
    first = taskqueue.take_next(worker="w", at=timezone.now())
    assert first is not None

    taskqueue.work_on(first)

    run.refresh_from_db()
    [waiting] = DBTaskResult.objects.ready().model.objects.filter(status="READY")
    assert waiting.args_kwargs == {"args": [], "kwargs": {"run_id": run.pk, "ticket": 0}}
    assert run.next_attempt_at is not None
    assert abs(waiting.run_after - run.next_attempt_at) < timedelta(seconds=2)


def test_a_file_that_is_not_whole_is_taken_away_and_tried_again(ana: User, place: Callable[..., Path]) -> None:
    location = place(backend=f"{__name__}.Forgetful")

    run = _copy(begin(Wanted("numbers"), by=actor_for(ana), at=NOW))

    assert run.state == State.RETRYING
    assert run.error == "The storage kept another number of bytes than were sent."
    assert [path for path in location.rglob("*") if path.is_file()] == []


def test_what_a_cut_off_attempt_left_is_replaced(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    ExportRun.objects.update(state=State.RUNNING, attempts=1)
    storage = exports_storage()
    storage.save(run.key, ContentFile(b"half"))

    run = _copy(run)

    with storage.open(run.key) as file:
        assert (run.state, file.read()) == (State.STORED, NUMBERS_CSV)
    folder, _slash, name = run.key.rpartition("/")
    words = name.partition("-")[0]
    assert [other for other in storage.listdir(folder)[1] if other.startswith(words)] == [name]


def test_a_task_that_was_replaced_does_nothing(ana: User, place: Callable[..., Path]) -> None:
    place(broken=True)
    run = _copy(begin(Wanted("numbers"), by=actor_for(ana), at=NOW))
    place()
    retry(run, at=NOW)

    copy_now(run.pk, run.ticket, at=NOW)

    assert list(ExportRun.objects.values_list("state", "ticket", "attempts")) == [(State.WAITING, 1, 0)]


def test_a_task_that_is_begun_twice_stores_once(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)

    first, second = _copy(run), _copy(run)

    assert (first.attempts, second.attempts, second.state) == (1, 1, State.STORED)


def test_whoever_lost_the_right_meanwhile_gets_nothing(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    User.objects.filter(pk=ana.pk).update(role=Role.STEWARD)

    run = _copy(run)

    assert (run.state, run.error) == (State.FAILED, "Whoever asked for this may not export it any more.")


def test_a_run_of_somebody_who_is_gone_does_not_become_the_sites_own(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    ana.delete()

    run = _copy(run)

    assert (run.state, run.error) == (State.FAILED, "Whoever asked for this may not export it any more.")


def test_the_site_itself_may_export_all() -> None:
    run = _copy(begin(Wanted("numbers"), by=SYSTEM, at=NOW))

    assert (run.state, run.requested_by, run.by_system) == (State.STORED, None, True)


def test_a_part_that_is_gone_is_said_in_the_exports_own_words(ana: User) -> None:
    run = _copy(begin(Wanted("numbers", params={"of": "nothing"}), by=actor_for(ana), at=NOW))

    assert (run.state, run.error) == (State.FAILED, "These numbers are gone.")


def test_an_export_that_was_dropped_says_so(ana: User) -> None:
    with registered(name="letters"):
        run = begin(Wanted("letters"), by=actor_for(ana), at=NOW)

    run = _copy(run)

    assert (run.state, run.error, run.label) == (State.FAILED, "This export does not exist any more.", "letters")


def test_an_export_that_breaks_is_shown_in_words_and_not_tried_again(ana: User) -> None:
    table = Table("numbers", ("a",), lambda: [("\x00",)])
    with registered(table=lambda actor: table):
        run = _copy(begin(Wanted("numbers"), by=actor_for(ana), at=NOW))

    assert run.state == State.FAILED
    assert run.error == "The export broke while it was written. It has been written down."


def test_a_lost_database_has_the_task_begun_again(ana: User) -> None:
    def lost() -> list[tuple[str]]:
        raise OperationalError

    with registered(table=lambda actor: Table("numbers", ("a",), lost)):
        run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
        with pytest.raises(OperationalError):
            copy_now(run.pk, run.ticket, at=NOW)

    run = _copy(run)

    assert (run.state, run.attempts) == (State.STORED, 2)


@pytest.mark.usefixtures("tasks_wait")
def test_a_file_that_cannot_be_deleted_now_is_deleted_later(ana: User, place: Callable[..., Path]) -> None:
    location = place()
    run = _copy(begin(Wanted("numbers"), by=actor_for(ana), at=NOW))
    place(broken=True)
    delete(run, at=NOW)

    _work()
    left = ExportRun.objects.get()
    place()
    DBTaskResult.objects.update(run_after=NOW - timedelta(days=365))
    _work()

    assert left.error == "The storage failed (NotADirectoryError)."
    assert not ExportRun.objects.exists()
    assert not (location / run.key).exists()


def _work() -> None:
    task = taskqueue.take_next(worker="w", at=timezone.now())
    assert task is not None
    taskqueue.work_on(task)
