"""Saved views: kept, opened, renamed, shared and deleted by their owner; opened by colleagues when shared."""

import pytest
from django.test import Client
from django.utils import timezone

from attendance import savedviews
from attendance.models import SavedView
from attendance.tests.test_views_databrowser import browser_of
from checkin_project.platform.access import Role, actor_for
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user

pytestmark = pytest.mark.django_db


def make_view(owner: User, name: str = "Juniors", query: str = "classification=junior", **fields: bool) -> SavedView:
    now = timezone.now()
    return SavedView.objects.create(owner=owner, name=name, query=query, created_at=now, updated_at=now, **fields)


@pytest.fixture
def ana() -> User:
    return make_user(Role.ORGANISER, username="ana")


@pytest.fixture
def desk(ana: User) -> Client:
    return browser_of(ana)


def test_a_view_is_kept_under_a_name_and_opens_again(desk: Client) -> None:
    asked = {"name": " Juniors ", "query": "col=member_name&classification=junior&method=&page=7", "is_shared": ""}

    saved = desk.post("/data/views/", asked)
    view = SavedView.objects.get()

    assert (view.name, view.query, view.is_shared) == ("Juniors", "classification=junior&col=member_name", False)
    assert saved.headers["Location"] == f"/data/?{view.query}"
    assert desk.get(f"/data/views/{view.pk}/").headers["Location"] == f"/data/?{view.query}"
    assert "Juniors" in desk.get("/data/").content.decode()


def test_saving_under_the_same_name_replaces_the_view(desk: Client, ana: User) -> None:
    make_view(ana)

    desk.post("/data/views/", {"name": "Juniors", "query": "who=guest", "is_shared": "on"})

    assert list(SavedView.objects.values_list("name", "query", "is_shared")) == [("Juniors", "who=guest", True)]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"name": "", "query": ""}, "This field is required."),
        ({"name": "x" * 81, "query": ""}, "at most 80 fit"),
        ({"name": "a\x00b", "query": ""}, "NUL character"),
        ({"name": "Long", "query": "q=" + "x" * 3000}, "cannot be read any more"),
        ({"name": "Odd", "query": "since=nonsense"}, "cannot be read any more"),
    ],
)
def test_what_cannot_be_saved_is_said_and_nothing_is_lost(desk: Client, asked: dict[str, str], sentence: str) -> None:
    answer = desk.post("/data/views/", asked)

    assert (answer.status_code, sentence in answer.content.decode()) == (400, True)
    assert not SavedView.objects.exists()


def test_nobody_has_more_than_a_hundred_views(desk: Client, ana: User) -> None:
    for number in range(savedviews.MOST):
        make_view(ana, name=f"View {number}")

    answer = desk.post("/data/views/", {"name": "One more", "query": ""})

    assert (answer.status_code, "delete one first" in answer.content.decode()) == (409, True)
    assert SavedView.objects.count() == savedviews.MOST


def test_a_view_is_renamed_shared_and_deleted(desk: Client, ana: User) -> None:
    view, other = make_view(ana), make_view(ana, name="Guests")

    desk.post(f"/data/views/{view.pk}/", {"name": "Third year", "is_shared": "on"})
    taken = desk.post(f"/data/views/{view.pk}/", {"name": "Guests"})
    view.refresh_from_db()

    assert (view.name, view.is_shared) == ("Third year", True)
    assert (taken.status_code, "You have a view of this name already." in taken.content.decode()) == (400, True)
    assert desk.post(f"/data/views/{other.pk}/", {"act": "delete"}).status_code == 302
    assert list(SavedView.objects.all()) == [view]


def test_colleagues_open_what_is_shared_and_change_nothing(ana: User) -> None:
    shared, own = make_view(ana, name="For all", is_shared=True), make_view(ana, name="Mine alone")
    browser = browser_of(make_user(Role.ORGANISER))

    page = browser.get("/data/views/").content.decode()
    opened = [browser.get(f"/data/views/{view.pk}/").status_code for view in (shared, own)]
    changed = [
        browser.post(f"/data/views/{view.pk}/", {"act": "delete", "name": "x"}).status_code for view in (shared, own)
    ]

    assert ("For all" in page, "Mine alone" in page) == (True, False)
    assert (opened, changed) == ([302, 404], [404, 404])
    assert SavedView.objects.count() == 2


def test_views_of_whoever_may_read_no_reports_any_more_are_closed(ana: User) -> None:
    make_view(ana, is_shared=True)
    for person in (make_user(Role.SUPERVISOR), make_user(None)):
        assert not SavedView.objects.visible_to(actor_for(person)).exists()


def test_the_list_says_how_to_make_the_first_view(desk: Client) -> None:
    assert "No saved views yet" in desk.get("/data/views/").content.decode()
