import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase

from checkin_project.platform.access import ANONYMOUS, SYSTEM, Role, actor_for
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import (
    Wanted,
    begin,
    delete,
    new_key,
    order,
    prune,
    restart_stranded,
    retry,
    store,
)
from checkin_project.platform.models import User
from checkin_project.platform.tests.exports import NUMBERS_CSV, folder, registered
from checkin_project.platform.tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
State = ExportRun.State


@pytest.fixture(autouse=True)
def _numbers() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture
def ana() -> User:
    return make_user(Role.ORGANISER)


def _failed(user: User) -> ExportRun:
    run = begin(Wanted("numbers"), by=actor_for(user), at=NOW)
    ExportRun.objects.filter(pk=run.pk).update(state=State.FAILED, error="The storage does not answer.", attempts=12)
    return ExportRun.objects.get()


def test_a_stored_export_is_the_file_byte_for_byte(ana: User) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        run = store("numbers", "csv", by=actor_for(ana), at=NOW)
    run.refresh_from_db()

    assert (run.state, run.rows, run.size, run.attempts, run.error) == (State.STORED, 2, len(NUMBERS_CSV), 1, "")
    assert run.sha256 == hashlib.sha256(NUMBERS_CSV).hexdigest()
    assert (folder() / run.key).read_bytes() == NUMBERS_CSV
    assert (folder() / run.key).stat().st_mode & 0o777 == 0o600


def test_nothing_is_copied_when_the_transaction_is_taken_back(ana: User) -> None:
    with TestCase.captureOnCommitCallbacks(execute=False) as begun:
        run = store("numbers", "csv", by=actor_for(ana), at=NOW)
    run.refresh_from_db()

    assert (len(begun), run.state, (folder() / run.key).exists()) == (1, State.WAITING, False)


def test_a_part_is_what_its_params_name(ana: User) -> None:
    wanted = Wanted("numbers", "json", {"rows": 1}, about="Only one")

    with TestCase.captureOnCommitCallbacks(execute=True):
        run = order(wanted, by=actor_for(ana), at=NOW)
    run.refresh_from_db()

    assert (run.rows, run.about, run.file_name) == (1, "Only one", "numbers-only-one-2026-11-20.json")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Wanted("letters"), "There is no such export."),
        (Wanted("numbers", "pdf"), "There is no such format."),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(ana: User, wanted: Wanted, sentence: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        order(wanted, by=actor_for(ana), at=NOW)

    assert refusal.value.messages == [sentence]
    assert not ExportRun.objects.exists()


def test_an_export_without_parts_refuses_params(ana: User) -> None:
    with registered(params=()), pytest.raises(ValidationError, match="cannot be limited in that way"):
        order(Wanted("numbers", params={"rows": 1}), by=actor_for(ana), at=NOW)


def test_strangers_and_people_without_the_right_get_nothing() -> None:
    steward = actor_for(make_user(Role.STEWARD))

    for actor in (ANONYMOUS, steward):
        with pytest.raises(PermissionDenied):
            store("numbers", "csv", by=actor, at=NOW)

    assert not ExportRun.objects.exists()


def test_keys_are_made_by_the_server_whatever_the_words_are() -> None:
    key = new_key("../../etc/passwd <b>Läuf\x00e & more " + "x" * 300, "csv", at=NOW)

    assert re.fullmatch(r"2026/11/20/[0-9a-f]{32}-[a-z0-9-]{1,60}\.csv", key)
    assert re.fullmatch(r"2026/11/20/[0-9a-f]{32}-export\.csv", new_key("…", "csv", at=NOW))
    assert new_key("a", "csv", at=NOW) != new_key("a", "csv", at=NOW)


def test_people_see_their_own_runs_and_administrators_all(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    other = begin(Wanted("numbers"), by=SYSTEM, at=NOW + timedelta(minutes=1))

    def seen(role: Role) -> list[ExportRun]:
        return list(ExportRun.objects.visible_to(actor_for(make_user(role))))

    assert list(ExportRun.objects.visible_to(actor_for(ana))) == [run]
    assert (seen(Role.ADMINISTRATOR), seen(Role.ORGANISER)) == ([other, run], [])
    assert list(ExportRun.objects.visible_to(ANONYMOUS)) == []


def test_retry_starts_over_once(ana: User) -> None:
    run = _failed(ana)

    with TestCase.captureOnCommitCallbacks(execute=True):
        answers = [retry(run, at=NOW), retry(run, at=NOW)]

    assert answers == [True, False]
    assert list(ExportRun.objects.values_list("state", "attempts", "ticket", "error")) == [(State.STORED, 1, 1, "")]


def test_what_is_stored_or_under_way_is_not_retried(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)

    assert retry(run, at=NOW) is False


def test_deleting_takes_the_file_and_the_row_away(ana: User) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        store("numbers", "csv", by=actor_for(ana), at=NOW)
    run = ExportRun.objects.get()

    with TestCase.captureOnCommitCallbacks(execute=True):
        assert delete(run, at=NOW) is True

    assert not ExportRun.objects.exists()
    assert not (folder() / run.key).exists()


def test_while_it_is_being_deleted_nobody_sees_it(ana: User) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)

    with TestCase.captureOnCommitCallbacks(execute=False):
        delete(run, at=NOW)

    assert list(ExportRun.objects.values_list("state", flat=True)) == [State.DELETING]
    assert list(ExportRun.objects.visible_to(actor_for(ana))) == []


def test_old_runs_are_pruned_with_their_files(ana: User) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        old = store("numbers", "csv", by=actor_for(ana), at=NOW - timedelta(days=31))
        young = store("numbers", "csv", by=actor_for(ana), at=NOW - timedelta(days=29))

    with TestCase.captureOnCommitCallbacks(execute=True):
        assert prune(NOW, keep=timedelta(days=30)) == 1

    assert list(ExportRun.objects.values_list("pk", flat=True)) == [young.pk]
    assert ((folder() / old.key).exists(), (folder() / young.key).exists()) == (False, True)


@pytest.mark.parametrize(
    ("state", "quiet_for", "begun_again"),
    [
        (State.WAITING, timedelta(minutes=61), True),
        (State.RUNNING, timedelta(minutes=61), True),
        (State.RETRYING, timedelta(minutes=61), True),
        (State.RUNNING, timedelta(minutes=59), False),
        (State.FAILED, timedelta(days=2), False),
    ],
)
def test_a_run_whose_task_was_lost_is_begun_again(
    ana: User, state: ExportRun.State, quiet_for: timedelta, begun_again: bool
) -> None:
    run = begin(Wanted("numbers"), by=actor_for(ana), at=NOW)
    last = NOW - quiet_for
    ExportRun.objects.update(state=state, touched_at=last, next_attempt_at=last, error="It broke.")

    with TestCase.captureOnCommitCallbacks(execute=True):
        restart_stranded(NOW)

    run.refresh_from_db()
    assert (run.state == State.STORED) is begun_again
