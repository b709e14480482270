"""The admin site itself, and the pages of users."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup
from django.test import Client
from django.urls import reverse

from checkin_project.platform.access import Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.admin_pages import browser_of, messages_of, page, signed_in, text_of
from checkin_project.platform.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def _fields(user: User, **changes: object) -> dict[str, object]:
    """What the change form of this user sends."""
    sent: dict[str, object] = {"username": user.username, "role": user.role, "is_active": "on"}
    return {name: value for name, value in (sent | changes).items() if value is not None}


def test_a_tool_signs_in_by_posting_name_and_password_to_the_admins_own_form() -> None:
    make_user(Role.STEWARD, username="ana")
    client = Client(enforce_csrf_checks=True)
    form = client.get("/admin/login/")
    token = str(form.context["csrf_token"])

    response = client.post(
        "/admin/login/?next=/admin/", {"username": "ana", "password": PASSWORD, "csrfmiddlewaretoken": token}
    )

    assert (form.status_code, response.status_code, response["Location"]) == (200, 302, "/admin/")


def test_somebody_without_a_role_is_told_so_and_stays_outside() -> None:
    make_user(None, username="cleo")
    client = Client()

    response = client.post("/admin/login/", {"username": "cleo", "password": PASSWORD})

    assert "This account has no role yet" in text_of(response)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_every_role_opens_the_start_page(role: Role) -> None:
    response = signed_in(role).get("/admin/")

    assert response.status_code == 200


def test_strangers_are_sent_to_sign_in() -> None:
    response = Client().get("/admin/")

    assert response["Location"] == "/admin/login/?next=/admin/"


def test_no_page_uses_djangos_permission_groups() -> None:
    assert not admin.site.is_registered(PermissionGroup)


def test_the_view_on_site_short_cut_does_not_exist() -> None:
    user = make_user(Role.ADMINISTRATOR)

    assert browser_of(user).get(f"/admin/r/1/{user.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.STEWARD, 403), (Role.SUPERVISOR, 403), (Role.ORGANISER, 403), (Role.ADMINISTRATOR, 200)],
)
def test_only_administrators_see_users(role: Role, status: int) -> None:
    ben = make_user(Role.STEWARD)
    client = signed_in(role)

    statuses = [client.get(page(User, "changelist")).status_code, client.get(page(User, "change", ben.pk)).status_code]

    assert statuses == [status, status]


def test_an_administrator_gives_a_role() -> None:
    ben = make_user(None, username="ben")
    client = signed_in(Role.ADMINISTRATOR)

    client.post(page(User, "change", ben.pk), _fields(ben, role=Role.STEWARD))

    ben.refresh_from_db()
    assert ben.role == Role.STEWARD


def test_an_administrator_makes_a_user_with_a_password() -> None:
    client = signed_in(Role.ADMINISTRATOR)

    client.post(
        page(User, "add"),
        {
            "username": "ben",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "role": Role.SUPERVISOR,
        },
    )

    ben = User.objects.get(username="ben")
    assert (ben.role, ben.check_password(PASSWORD)) == (Role.SUPERVISOR, True)


@pytest.mark.parametrize("change", [{"role": Role.ORGANISER}, {"role": ""}, {"is_active": None}])
def test_the_last_administrator_stays_one(change: dict[str, object]) -> None:
    ana = make_user(Role.ADMINISTRATOR, username="ana")

    response = browser_of(ana).post(page(User, "change", ana.pk), _fields(ana, **change))

    ana.refresh_from_db()
    assert (ana.role, ana.is_active) == (Role.ADMINISTRATOR, True)
    assert "This is the last administrator." in text_of(response)


def test_an_administrator_steps_down_when_there_is_another() -> None:
    ana = make_user(Role.ADMINISTRATOR, username="ana")
    make_user(Role.ADMINISTRATOR)

    browser_of(ana).post(page(User, "change", ana.pk), _fields(ana, role=Role.STEWARD))

    ana.refresh_from_db()
    assert ana.role == Role.STEWARD


def test_the_last_administrator_cannot_be_deleted() -> None:
    ana = make_user(Role.ADMINISTRATOR, username="ana")

    response = browser_of(ana).post(page(User, "delete", ana.pk), {"post": "yes"}, follow=True)

    assert User.objects.filter(pk=ana.pk).exists()
    assert messages_of(response) == ["The last administrator cannot be deleted."]


def test_an_administrator_can_neither_become_a_superuser_nor_take_ones_password() -> None:
    root = make_user(Role.ADMINISTRATOR, is_superuser=True)
    ana = make_user(Role.ADMINISTRATOR, username="ana")
    client = browser_of(ana)

    client.post(page(User, "change", ana.pk), _fields(ana, is_superuser="on"))
    password = client.get(reverse("admin:auth_user_password_change", args=[root.pk]))

    ana.refresh_from_db()
    assert (ana.is_superuser, password.status_code) == (False, 403)


def test_users_cannot_be_searched_by_their_password() -> None:
    client = signed_in(Role.ADMINISTRATOR)

    response = client.get(page(User, "changelist") + "?password__startswith=a")

    assert response.status_code == 400
