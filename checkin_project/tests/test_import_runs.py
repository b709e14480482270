"""An import from its file to its end, by the example of members."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from checkin_project.platform import taskqueue
from checkin_project.platform.access import ANONYMOUS, Actor, Role, actor_for
from checkin_project.platform.imports import Duplicates, ImportReport, Options, Plan, Written, kinds, runs
from checkin_project.platform.imports import running as work
from checkin_project.platform.imports.pulse import Pulse, PulseBeside, SupersededError
from checkin_project.platform.imports.records import SILENT_AFTER, ImportRun, ImportWrite, RunState
from checkin_project.platform.imports.runs import Choices
from checkin_project.platform.sheets import Problem, Sheet
from checkin_project.platform.tests.factories import make_user
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")
HEADER = "id,first_name,last_name,major,v_number"
ANA, BEN = "1,Ana,Cruz,Biology,V00000001", "2,Ben,Okafor,,V00000002"


@pytest.fixture
def organiser() -> Actor:
    return actor_for(make_user(Role.ORGANISER))


def send(by: Actor, *lines: str, kind: str = "members", name: str = "list.csv", **options: Any) -> ImportRun:
    text = "\n".join(lines)
    return runs.receive(
        ContentFile(text.encode(), name),
        name=name,
        header=lines[0].split(","),
        choices=Choices(kind, Options(UTC, **options)),
        by=by,
        at=timezone.now(),
    )


def say_yes(run: ImportRun, by: Actor) -> ImportRun:
    assert runs.confirm(run, run.fingerprint, by=by, at=timezone.now()) == ""
    run.refresh_from_db()
    return run


def rows_of(run: ImportRun) -> list[tuple[int, str, str]]:
    return list(run.rows.values_list("line", "state", "label"))


def test_a_file_is_read_and_shown_and_changes_no_record(organiser: Actor) -> None:
    make_member(legacy_id="2", first_name="Ben", last_name="Okafor", major="Art", v_number="V00000002")

    run = send(organiser, HEADER, ANA, "2,Ben,Okafor,Music,", "3,Cleo,Marchetti,,V12", name="C:\\old\\M \u202e.csv")

    assert (run.state, run.file_name, run.created_by_id) == (
        RunState.PLANNED,
        "a file without a name",
        organiser.user_id,
    )
    assert run.counts == {"new": 1, "changed": 1, "same": 0, "repeated": 0, "skipped": 0, "error": 1}
    new, changed, wrong = run.rows.all()
    assert (new.line, new.state, new.label) == (2, "new", "Ana Cruz")
    assert ["first_name", "", "Ana"] in new.changes
    assert (changed.line, changed.changes) == (3, [["major", "Art", "Music"]])
    assert (wrong.line, wrong.state, wrong.problems[0][:2]) == (4, "error", ["v_number", "V12"])
    assert run.frequent == [
        {"column": "v_number", "reason": wrong.problems[0][2], "count": 1, "values": ["V12"], "more": 0}
    ]
    assert list(Member.objects.values_list("first_name", "major")) == [("Ben", "Art")]


def test_the_kept_file_has_a_key_of_our_own_and_is_nobody_elses(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA, name="Ana Cruz salary.csv")

    assert run.file_name == "Ana Cruz salary.csv"
    assert str(run.file.name).startswith("imports/")
    assert "Ana" not in str(run.file.name)
    with storages["default"].open(str(run.file.name)) as kept:
        assert kept.read() == f"{HEADER}\n{ANA}".encode()


def test_a_yes_writes_what_was_shown_and_a_second_run_has_nothing_to_do(organiser: Actor) -> None:
    run = say_yes(send(organiser, HEADER, ANA, BEN), organiser)

    assert (run.state, run.records_created, run.records_updated) == (RunState.APPLIED, 2, 0)
    assert run.applied_by_id == organiser.user_id
    assert sorted(Member.objects.values_list("first_name", flat=True)) == ["Ana", "Ben"]
    assert list(run.writes.values_list("line", "model")) == [(2, "members.Member"), (3, "members.Member")]
    again = send(organiser, HEADER, ANA, BEN)
    assert (again.changes_planned, again.counts["same"]) == (0, 2)


def test_a_second_yes_changes_nothing(organiser: Actor) -> None:
    run = say_yes(send(organiser, HEADER, ANA), organiser)

    assert runs.confirm(run, run.fingerprint, by=organiser, at=timezone.now()) == ""

    assert (Member.objects.count(), ImportWrite.objects.count()) == (1, 1)


def test_only_the_newest_preview_can_be_confirmed(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)

    assert "newest preview" in runs.confirm(run, "another", by=organiser, at=timezone.now())

    run.refresh_from_db()
    assert (run.state, Member.objects.count()) == (RunState.PLANNED, 0)


def test_nothing_is_written_when_the_records_have_changed_and_the_page_says_which(organiser: Actor) -> None:
    ben = make_member(legacy_id="2", first_name="Ben", last_name="Okafor", major="Art")
    run = send(organiser, HEADER, ANA, "2,Ben,Okafor,Music,")
    Member.objects.filter(pk=ben.pk).update(major="Music")

    run = say_yes(run, organiser)

    assert run.state == RunState.FAILED
    assert "changed since this preview" in run.problem
    assert run.outdated == [
        {"line": 3, "label": "Ben Okafor", "reason": "It was “changed” in the preview and is “same” now."}
    ]
    assert Member.objects.count() == 1
    anew = runs.look_again(run, runs.choices_of(run), by=organiser, at=timezone.now())
    assert (anew.problem, anew.outdated) == ("", [])
    assert say_yes(anew, organiser).records_created == 1


def test_a_file_that_was_altered_in_its_place_is_refused(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    storages["default"].delete(str(run.file.name))
    storages["default"].save(str(run.file.name), ContentFile(f"{HEADER}\n{ANA}\n{BEN}".encode()))

    run = say_yes(run, organiser)

    assert (run.state, Member.objects.count()) == (RunState.FAILED, 0)
    assert "not the one that was uploaded" in run.problem


def test_a_file_that_is_gone_is_a_sentence(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    storages["default"].delete(str(run.file.name))

    run = say_yes(run, organiser)

    assert (run.state, Member.objects.count()) == (RunState.FAILED, 0)
    assert run.problem == "The kept file is gone. Upload it again."


def test_a_table_that_cannot_be_read_says_why(organiser: Actor) -> None:
    run = send(organiser, HEADER, '1,"Ana')

    assert (run.state, run.fingerprint) == (RunState.FAILED, "")
    assert run.problem == "line 2: A quote opens in this line and is never closed."


def test_the_whole_run_is_undone(organiser: Actor) -> None:
    ben = make_member(legacy_id="2", first_name="Ben", last_name="Okafor", major="Art")
    run = say_yes(send(organiser, HEADER, ANA, "2,Ben,Okafor,Music,"), organiser)

    assert runs.undo(run, by=organiser, at=timezone.now()) == ""

    run.refresh_from_db()
    assert (run.state, run.undone_by_id) == (RunState.UNDONE, organiser.user_id)
    assert list(Member.objects.values_list("pk", "major")) == [(ben.pk, "Art")]
    assert runs.undo(run, by=organiser, at=timezone.now()) == ""


def test_nothing_is_undone_when_something_newer_stands_on_it(organiser: Actor) -> None:
    run = say_yes(send(organiser, HEADER, ANA, BEN), organiser)
    ana = Member.objects.get(first_name="Ana")
    ana.major = "Law"
    ana.save()

    runs.undo(run, by=organiser, at=timezone.now())

    run.refresh_from_db()
    assert (run.state, run.undone_by_id, Member.objects.count()) == (RunState.APPLIED, None, 2)
    assert "something newer" in run.problem
    assert [row["line"] for row in run.outdated] == [2]


def test_choices_for_one_row_and_for_all_are_kept_and_looked_at_anew(organiser: Actor) -> None:
    make_member(first_name="Ana", last_name="Cruz", v_number="V00000009")
    run = send(organiser, HEADER, "1,Ana,Cruz,Law,", "2,Ana,Cruz,Art,")
    assert run.likely_count == 2
    choices = runs.choices_of(run)

    for_all = replace(choices, options=replace(choices.options, duplicates=Duplicates.SKIP))
    run = runs.look_again(run, for_all, by=organiser, at=timezone.now())
    assert run.counts["skipped"] == 2
    one = runs.decide(runs.choices_of(run), {2: Duplicates.UPDATE})
    run = runs.look_again(run, one, by=organiser, at=timezone.now())

    assert [state for _line, state, _label in rows_of(run)] == ["changed", "skipped"]
    assert runs.choices_of(run) == one
    assert runs.decide(one, {2: None}).options.decisions == {}


def test_the_meaning_of_a_column_can_be_corrected(organiser: Actor) -> None:
    run = send(organiser, "id,first_name,last_name,Field", "1,Ana,Cruz,Law", columns={"Field": "major"})

    say_yes(run, organiser)

    assert Member.objects.get().major == "Law"


def test_a_long_file_waits_for_a_worker(organiser: Actor, tasks_wait: None) -> None:
    lines = [f"{number},First{number},Last{number},{'x' * 60},V{number:08d}" for number in range(3000)]
    run = send(organiser, HEADER, *lines)
    assert (run.state, run.total) == (RunState.UPLOADED, 6000)

    work_off()
    run.refresh_from_db()
    assert (run.state, run.row_count) == (RunState.PLANNED, 3000)
    runs.confirm(run, run.fingerprint, by=organiser, at=timezone.now())
    run.refresh_from_db()
    assert (run.state, Member.objects.count()) == (RunState.APPLYING, 0)

    work_off()
    run.refresh_from_db()
    assert (run.state, Member.objects.count(), run.writes.count()) == (RunState.APPLIED, 3000, 3000)


def work_off() -> None:
    while (row := taskqueue.take_next(worker="test", at=timezone.now())) is not None:
        taskqueue.work_on(row)


def test_ten_thousand_rows_with_two_hundred_bad_ones_are_shown_in_time(organiser: Actor, tasks_wait: None) -> None:
    lines = [f"{n},First{n},Last{n},,{'bad' if n % 50 == 0 else f'V{n:08d}'}" for n in range(1, 10_001)]
    run = send(organiser, HEADER, *lines)

    begun = perf_counter()
    work_off()
    seconds = perf_counter() - begun

    run.refresh_from_db()
    assert (run.counts["new"], run.counts["error"], run.frequent[0]["count"]) == (9800, 200, 200)
    assert seconds < 10


def test_an_attempt_that_was_given_up_writes_nothing(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    claim = under_way(run, RunState.APPLYING, organiser)
    later = timezone.now() + SILENT_AFTER + timedelta(seconds=1)

    assert not runs.set_free(run, by=organiser, at=timezone.now())
    assert runs.set_free(run, by=organiser, at=later)
    work.apply_import.func(run_id=run.pk, claim=claim)

    run.refresh_from_db()
    assert (run.state, run.claim, Member.objects.count()) == (RunState.PLANNED, None, 0)
    assert say_yes(run, organiser).state == RunState.APPLIED


def under_way(run: ImportRun, state: RunState, by: Actor) -> str:
    """As a worker leaves it that was killed: begun, and nothing more."""
    claim = "6c8e2ab4-2e3f-4c6e-9f1a-1b7c0a4d5e6f"
    values = {"state": state, "claim": claim, "applied_by": by.user_id, "undone_by": by.user_id}
    ImportRun.objects.filter(pk=run.pk).update(**values)
    return claim


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (RunState.UPLOADED, RunState.FAILED),
        (RunState.PLANNING, RunState.FAILED),
        (RunState.APPLYING, RunState.PLANNED),
        (RunState.UNDOING, RunState.APPLIED),
    ],
)
def test_work_that_died_can_be_asked_for_again(organiser: Actor, state: RunState, after: RunState) -> None:
    run = send(organiser, HEADER, ANA)
    under_way(run, state, organiser)
    later = timezone.now() + SILENT_AFTER + timedelta(seconds=1)

    assert runs.set_free(run, by=organiser, at=later)

    run.refresh_from_db()
    assert run.state == after


def test_work_that_was_killed_is_begun_again_by_itself(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    claim = under_way(run, RunState.PLANNING, organiser)

    work.plan_import.func(run_id=run.pk, claim=claim)

    run.refresh_from_db()
    assert (run.state, rows_of(run)) == (RunState.PLANNED, [(2, "new", "Ana Cruz")])


class Meddled:
    """Members, but while they are written something happens."""

    def __init__(self, options: Options, meddle: Callable[[], None]) -> None:
        self._members = kinds.kind("members").make(options)
        self._meddle = meddle

    def plan(self, sheet: Sheet, *, progress: Callable[[int], None] | None = None) -> Plan:
        return self._members.plan(sheet, progress=progress)

    def apply(self, plan: Plan, **how: Any) -> ImportReport:
        report = self._members.apply(plan, **how)
        self._meddle()
        return report

    def undo(self, written: Iterable[Written], **how: Any) -> list[Problem]:
        return self._members.undo(written, **how)


@pytest.fixture
def meddling() -> Iterator[Callable[[Callable[[], None]], None]]:
    members = kinds.kind("members")

    def register(meddle: Callable[[], None]) -> None:
        kinds.register(replace(members, name="meddled", make=lambda options: Meddled(options, meddle)))

    yield register
    kinds._kinds.pop("meddled", None)


def test_of_two_attempts_the_older_takes_back_what_it_wrote(
    organiser: Actor, meddling: Callable[[Callable[[], None]], None]
) -> None:
    meddling(lambda: None)
    run = send(organiser, HEADER, ANA, kind="meddled")

    def take_over() -> None:
        ImportRun.objects.filter(pk=run.pk).update(claim=None)

    meddling(take_over)

    say_yes(run, organiser)

    assert (Member.objects.count(), ImportWrite.objects.count()) == (0, 0)


def test_an_accident_is_told_and_takes_everything_back(
    organiser: Actor, meddling: Callable[[Callable[[], None]], None]
) -> None:
    meddling(lambda: None)
    run = send(organiser, HEADER, ANA, kind="meddled")

    def stumble() -> None:
        raise RuntimeError("the floor is wet")

    meddling(stumble)

    with pytest.raises(RuntimeError, match="the floor is wet"):
        runs.confirm(run, run.fingerprint, by=organiser, at=timezone.now())
    run.refresh_from_db()
    assert (run.state, Member.objects.count()) == (RunState.FAILED, 0)
    assert run.problem == "Something broke, and it has been written down. Nothing was changed. Try again."


def test_who_lost_the_right_meanwhile_writes_nothing(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    claim = under_way(run, RunState.APPLYING, actor_for(make_user(Role.STEWARD)))

    work.apply_import.func(run_id=run.pk, claim=claim)

    run.refresh_from_db()
    assert (run.state, Member.objects.count()) == (RunState.FAILED, 0)
    assert "may not import any more" in run.problem


def test_progress_stands_in_the_run_and_ends_an_attempt_that_was_superseded(organiser: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    claim = under_way(run, RunState.PLANNING, organiser)
    pulse = Pulse(run, claim)
    pulse._next = 0.0

    pulse(500)

    run.refresh_from_db()
    assert run.done == 500
    ImportRun.objects.filter(pk=run.pk).update(claim=None)
    pulse._next = 0.0
    with pytest.raises(SupersededError):
        pulse(1000)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_progress_can_be_told_out_of_a_transaction() -> None:
    organiser = actor_for(make_user(Role.ORGANISER))
    run = send(organiser, HEADER, ANA)
    claim = under_way(run, RunState.APPLYING, organiser)

    with transaction.atomic(), PulseBeside(run, claim, before=1000) as pulse:
        # As while records are being written: what refers to the run is locked with it.
        ImportWrite.objects.create(run=run, line=2, model="members.Member", object_pk=1)
        pulse._next = 0.0
        pulse(500)
        transaction.set_rollback(True)

    run.refresh_from_db()
    assert (run.done, ImportWrite.objects.count()) == (1500, 0)


@pytest.mark.parametrize("stranger", [ANONYMOUS, Actor(user_id=1, role=Role.SUPERVISOR)])
def test_strangers_may_do_none_of_it(organiser: Actor, stranger: Actor) -> None:
    run = send(organiser, HEADER, ANA)
    at = timezone.now()
    acts: list[Callable[[], object]] = [
        lambda: send(stranger, HEADER, ANA),
        lambda: runs.look_again(run, runs.choices_of(run), by=stranger, at=at),
        lambda: runs.confirm(run, run.fingerprint, by=stranger, at=at),
        lambda: runs.undo(run, by=stranger, at=at),
        lambda: runs.set_free(run, by=stranger, at=at),
    ]

    for act in acts:
        with pytest.raises(PermissionDenied):
            act()

    assert list(ImportRun.objects.visible_to(stranger)) == []
    assert (ImportRun.objects.count(), Member.objects.count()) == (1, 0)


def test_old_runs_lose_their_file_and_rows_and_keep_their_counts(
    organiser: Actor, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.IMPORT_KEEP_DAYS = 30
    run = say_yes(send(organiser, HEADER, ANA), organiser)
    name = str(run.file.name)

    with django_capture_on_commit_callbacks(execute=True):
        runs.prune(timezone.now() + timedelta(days=29))
    assert storages["default"].exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        runs.prune(timezone.now() + timedelta(days=31))

    run.refresh_from_db()
    assert not storages["default"].exists(name)
    assert (run.rows.count(), run.writes.count(), run.counts["new"], run.records_created) == (0, 0, 1, 1)
    assert (bool(run.file), runs.can_be_undone(run)) == (False, False)
    assert runs.undo(run, by=organiser, at=timezone.now()) == "This import cannot be undone."


def test_when_somebody_is_erased_no_run_names_them_any_more(
    organiser: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    waiting, imported = send(organiser, HEADER, BEN), say_yes(send(organiser, HEADER, ANA), organiser)
    names = [str(run.file.name) for run in (waiting, imported)]

    with django_capture_on_commit_callbacks(execute=True):
        runs.forget(timezone.now())

    for run, state in ((waiting, RunState.FAILED), (imported, RunState.APPLIED)):
        run.refresh_from_db()
        assert (run.state, run.rows.count(), run.writes.count(), run.options) == (state, 0, 0, {})
    assert waiting.problem == "The file is not kept any more. Upload it again."
    assert [name for name in names if storages["default"].exists(name)] == []
