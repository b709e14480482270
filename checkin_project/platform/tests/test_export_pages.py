import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core import signing
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from checkin_project.platform.access import SYSTEM, Role, actor_for
from checkin_project.platform.exports import links
from checkin_project.platform.exports.copying import exports_storage
from checkin_project.platform.exports.forms import ExportForm
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin, order
from checkin_project.platform.models import User
from checkin_project.platform.tests.exports import NUMBERS_CSV, registered
from checkin_project.platform.tests.factories import make_user

pytestmark = pytest.mark.django_db
State = ExportRun.State
PAGE = "/exports/"


@pytest.fixture(autouse=True)
def _numbers() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture
def ana() -> User:
    return make_user(Role.ORGANISER)


@pytest.fixture
def desk(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def _stored(user: User | None, **wanted: Any) -> ExportRun:
    with TestCase.captureOnCommitCallbacks(execute=True):
        run = order(Wanted("numbers", **wanted), by=actor_for(user) if user else SYSTEM, at=timezone.now())
    return ExportRun.objects.get(pk=run.pk)


def _run(user: User, **changes: Any) -> ExportRun:
    run = begin(Wanted("numbers"), by=actor_for(user), at=timezone.now())
    ExportRun.objects.filter(pk=run.pk).update(**changes)
    return ExportRun.objects.get(pk=run.pk)


def _text(client: Client, url: str = PAGE) -> str:
    return unescape(client.get(url).content.decode())


def test_asking_for_an_export_makes_it_and_shows_it(desk: Client) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = desk.post(PAGE, {"export-name": "numbers", "export-format": "csv"}, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "“Numbers” is being made." in unescape(answer.content.decode())
    text = _text(desk)
    assert ("Ready" in text, f"2 rows · {len(NUMBERS_CSV)}\xa0bytes" in text, "Download" in text) == (True, True, True)
    assert list(ExportRun.objects.values_list("state", "origin")) == [(State.STORED, "person")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"export-name": "letters", "export-format": "csv"}, "There is no such export. Choose one of the list."),
        ({"export-name": "numbers", "export-format": "pdf"}, "There is no such format. Choose one of the list."),
        ({}, "This field is required."),
    ],
)
def test_a_bad_choice_is_answered_in_words(desk: Client, data: dict[str, str], sentence: str) -> None:
    answer = desk.post(PAGE, data)

    assert answer.status_code == 400
    assert sentence in unescape(answer.content.decode())
    assert not ExportRun.objects.exists()


def test_an_empty_page_says_what_to_do(desk: Client) -> None:
    text = _text(desk)

    assert "No files yet" in text
    assert "data-under-way" not in text


def test_lists_and_reports_stand_apart(desk: Client) -> None:
    with registered(name="letters", label="Letters", params=("ids",)):
        choices = ExportForm(actor=SYSTEM).fields["name"].choices  # type: ignore[attr-defined]

    groups = {title: dict(offered) for title, offered in choices}
    assert ("letters" in groups["Lists"], "members" in groups["Lists"], "numbers" in groups["Reports"]) == (True,) * 3


def test_strangers_are_asked_to_sign_in_and_stewards_turned_away(client: Client) -> None:
    steward = Client()
    steward.force_login(make_user(Role.STEWARD))

    assert [client.get(PAGE).status_code, client.post(PAGE).status_code] == [302, 302]
    assert [steward.get(PAGE).status_code, steward.post(PAGE).status_code] == [403, 403]


def test_every_state_is_told_in_words(desk: Client, ana: User) -> None:
    later = timezone.now() + timedelta(minutes=8)
    _run(ana)
    _run(ana, state=State.RUNNING)
    _run(ana, state=State.RETRYING, next_attempt_at=later, error="The storage does not answer.", attempts=3)
    _run(ana, state=State.FAILED, error="There is no space left for the file.", about="Only a part")

    text = _text(desk)

    for said in (
        "Waiting",
        "Being made",
        "Not stored yet",
        "The storage does not answer. (Tried 3 times, next at",
        "Failed",
        "There is no space left for the file.",
        "Only a part",
        "data-under-way",
    ):
        assert said in text
    assert text.count("Try again now") == 2


def test_the_file_comes_through_a_link_that_runs_out(desk: Client, ana: User) -> None:
    run = _stored(ana)

    link = desk.get(reverse("exports-download", args=[run.pk])).headers["Location"]
    answer = desk.get(link)

    assert b"".join(answer.streaming_content) == NUMBERS_CSV  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{run.file_name}"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_an_old_altered_or_guessed_link_opens_nothing(desk: Client, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _stored(ana)
    link = desk.get(reverse("exports-download", args=[run.pk])).headers["Location"]
    token = link.split("/")[-2]
    foreign = signing.dumps([run.pk, run.ticket], salt="another")
    wrong = signing.dumps(["x"], salt="exports.file")

    for bad in (token[:-2] + "xx", foreign, wrong, "x", "y" * 500, signing.dumps([999_999, 0], salt="exports.file")):
        answer = desk.get(reverse("exports-file", args=[bad]))
        assert (answer.status_code, "This link has run out" in answer.content.decode()) == (404, True)
    monkeypatch.setattr(links, "SECONDS", 0)
    time.sleep(0.01)
    assert desk.get(link).status_code == 404


def test_a_link_given_to_somebody_else_takes_the_same_right(ana: User, desk: Client) -> None:
    run = _stored(ana)
    link = desk.get(reverse("exports-download", args=[run.pk])).headers["Location"]
    statuses = {}
    for role in (Role.ORGANISER, Role.STEWARD, Role.ADMINISTRATOR):
        other = Client()
        other.force_login(make_user(role))
        statuses[role.value] = other.get(link).status_code

    assert statuses == {"organiser": 404, "steward": 403, "administrator": 200}
    assert Client().get(link).status_code == 302


def test_a_file_that_vanished_from_the_folder_is_not_promised(desk: Client, ana: User) -> None:
    run = _stored(ana)
    link = desk.get(reverse("exports-download", args=[run.pk])).headers["Location"]
    exports_storage().delete(run.key)

    assert desk.get(link).status_code == 404


def test_other_peoples_runs_do_not_exist(desk: Client, ana: User) -> None:
    run = _stored(make_user(Role.ORGANISER), about="Somebody’s secret")

    assert "Somebody’s secret" not in _text(desk)
    for act, ask in (("download", desk.get), ("retry", desk.post), ("delete", desk.post)):
        assert ask(reverse(f"exports-{act}", args=[run.pk])).status_code == 404
    assert ExportRun.objects.get().state == State.STORED


def test_administrators_see_whose_files_they_are(ana: User) -> None:
    _stored(ana, about="Of Ana")
    boss = Client()
    boss.force_login(make_user(Role.ADMINISTRATOR))

    text = _text(boss)

    assert ("Of Ana" in text, ana.username in text, "Everybody’s files" in text) == (True, True, True)


def test_a_failed_run_is_tried_again_by_a_button(desk: Client, ana: User) -> None:
    run = _run(ana, state=State.FAILED, error="The storage does not answer.", attempts=12)

    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = desk.post(reverse("exports-retry", args=[run.pk]), follow=True)
        again = desk.post(reverse("exports-retry", args=[run.pk]), follow=True)

    assert "is being tried again" in answer.content.decode()
    assert "needs no second try" in again.content.decode()
    assert ExportRun.objects.get().state == State.STORED


def test_deleting_takes_run_and_file_away(desk: Client, ana: User) -> None:
    run = _stored(ana)

    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = desk.post(reverse("exports-delete", args=[run.pk]), follow=True)

    assert "is deleted" in answer.content.decode()
    assert not ExportRun.objects.exists()
    assert not exports_storage().exists(run.key)


def test_what_is_not_stored_has_no_file(desk: Client, ana: User) -> None:
    run = _run(ana)

    assert desk.get(reverse("exports-download", args=[run.pk])).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_few_questions_for_any_number(
    desk: Client, ana: User, number: int, django_assert_num_queries: Any
) -> None:
    for _each in range(number):
        _run(ana)

    # Session, user, roles in groups; the count and the runs.
    with django_assert_num_queries(5):
        desk.get(PAGE)


def test_long_lists_have_pages(desk: Client, ana: User) -> None:
    for _each in range(21):
        _run(ana)

    assert "Page 1 of 2" in _text(desk)
    assert "Page 2 of 2" in _text(desk, f"{PAGE}?page=2")
    assert "Page 2 of 2" in _text(desk, f"{PAGE}?page=999")
