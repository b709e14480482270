"""Error pages, signing in and out, navigation, and the style guide."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import path, reverse
from pytest_django import Settings

from checkin_project import urls
from checkin_project.platform.access import Role
from checkin_project.platform.pages import server_error
from checkin_project.platform.tests.factories import PASSWORD, make_user

ERRORS = {
    "boom": (500, "That is our mistake"),
    "refused": (403, "This page is not open to you"),
    "odd": (400, "We could not read that request"),
    "nothing": (404, "There is nothing here"),
}


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret of the desk")


def refused(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def odd(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


# The product's URLs with three that go wrong, for tests marked `urls(__name__)`.
for view in (boom, refused, odd):
    view.login_required = False  # type: ignore[attr-defined]
urlpatterns = [
    *(path(f"{prefix}{view.__name__}/", view) for prefix in ("", "api/") for view in (boom, refused, odd)),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("name", "status", "words"), [(name, *rest) for name, rest in ERRORS.items()])
def test_an_error_page_speaks_plainly_and_asks_no_database(name: str, status: int, words: str) -> None:
    response = Client(raise_request_exception=False).get(f"/{name}/")

    text = response.content.decode()
    assert (response.status_code, words in text, "the secret of the desk" in text) == (status, True, False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("name", "status", "words"), [(name, *rest) for name, rest in ERRORS.items()])
def test_below_api_an_error_has_the_shape_of_the_api(name: str, status: int, words: str) -> None:
    response = Client(raise_request_exception=False).get(f"/api/{name}/")

    body = json.loads(response.content)
    assert (response.status_code, set(body), set(body["error"])) == (status, {"error"}, {"code", "message"})


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "errors/503", "errors/csrf", "errors/locked_out"])
def test_every_error_template_renders_without_request_or_context(name: str) -> None:
    page = get_template(f"{name}.html").render()

    assert page.count("<h1>") == 1
    assert "Check-in" in page


def test_the_500_page_names_the_site(settings: Settings, rf: RequestFactory) -> None:
    settings.SITE_NAME = "Ana's evenings"

    response = server_error(rf.get("/"))

    assert "Ana&#x27;s evenings" in response.content.decode()


def test_an_old_form_is_explained() -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post(reverse("sign-in"), {"username": "ana"})

    assert (response.status_code, "That form was open for too long" in response.content.decode()) == (403, True)


@pytest.mark.django_db
def test_ana_signs_in_and_is_taken_where_she_wanted_to_go(client: Client) -> None:
    make_user(username="ana")

    response = client.post(f"{reverse('sign-in')}?next=/admin/", {"username": "ana", "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/admin/")


@pytest.mark.django_db
def test_nobody_is_led_to_another_host_by_signing_in(client: Client) -> None:
    make_user(username="ana")
    form = {"username": "ana", "password": PASSWORD, "next": "https://cleo.example/"}

    response = client.post(reverse("sign-in"), form)

    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.django_db
def test_a_wrong_password_is_said_and_the_name_kept(client: Client) -> None:
    make_user(username="ana")

    response = client.post(reverse("sign-in"), {"username": "ana", "password": "wrong"})

    text = response.content.decode()
    assert response.status_code == 200
    assert 'role="alert"' in text
    assert 'value="ana"' in text


@pytest.mark.django_db
def test_too_many_attempts_pause_signing_in_even_with_the_right_password(client: Client) -> None:
    make_user(username="ana")
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        client.post(reverse("sign-in"), {"username": "ana", "password": "wrong"})

    response = client.post(reverse("sign-in"), {"username": "ana", "password": PASSWORD})

    text = response.content.decode()
    assert (response.status_code, "Too many attempts" in text, "_auth_user_id" in client.session) == (429, True, False)


def test_the_pause_lasts_as_long_as_the_page_says() -> None:
    page = get_template("errors/locked_out.html").render()

    assert f"{settings.AXES_COOLOFF_TIME * 60:.0f} minutes" in page


@pytest.mark.django_db
def test_signing_out_takes_a_post(client: Client) -> None:
    client.force_login(make_user())

    got = client.get(reverse("sign-out"))
    still_in = "_auth_user_id" in client.session
    posted = client.post(reverse("sign-out"))

    assert (got.status_code, still_in) == (405, True)
    assert (posted.status_code, posted["Location"], "_auth_user_id" in client.session) == (302, "/", False)


@pytest.mark.django_db
def test_cleo_who_is_signed_out_already_signs_out_without_a_detour(client: Client) -> None:
    response = client.post(reverse("sign-out"))

    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "admin_is_linked"), [(Role.STEWARD, False), (Role.SUPERVISOR, True), (Role.ORGANISER, True)]
)
def test_the_navigation_offers_what_the_role_may_open(client: Client, role: Role, admin_is_linked: bool) -> None:
    client.force_login(make_user(role))

    text = client.get(reverse("home")).content.decode()

    assert ('href="/admin/"' in text, 'aria-current="page">Today' in text) == (admin_is_linked, True)


@pytest.mark.django_db
def test_a_stranger_is_offered_to_sign_in_and_nothing_else(client: Client) -> None:
    text = client.get(reverse("home")).content.decode()

    assert (f'href="{reverse("sign-in")}"' in text, 'href="/admin/"' in text) == (True, False)


@pytest.mark.django_db
@pytest.mark.parametrize(("demo", "status"), [(True, 200), (False, 404)])
def test_the_style_guide_is_there_on_demo_sites_only(
    client: Client, settings: Settings, demo: bool, status: int
) -> None:
    settings.DEMO = demo

    response = client.get(reverse("styleguide"))

    assert response.status_code == status


@pytest.mark.django_db
def test_errors_are_tied_to_their_fields(client: Client, settings: Settings) -> None:
    settings.DEMO = True

    text = client.get(reverse("styleguide")).content.decode()

    assert 'aria-describedby="wrong_name_helptext wrong_name_error"' in text
    assert 'id="wrong_name_helptext"' in text
    assert 'id="wrong_name_error"' in text


def test_no_template_of_ours_holds_an_inline_script_or_style() -> None:
    templates = list((Path(settings.BASE_DIR) / "templates").rglob("*.html"))

    inline = [
        file.name for file in templates if any(word in file.read_text() for word in ("<style", " style=", "<script>"))
    ]

    assert (len(templates) > 10, inline) == (True, [])
