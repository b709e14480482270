"""Steps that tests of admin pages share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse

from checkin_project.platform.access import Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user


def signed_in(role: Role | None = Role.ORGANISER, **fields: Any) -> Client:
    """A browser in which somebody with this role is signed in."""
    return browser_of(make_user(role, **fields))


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="checkin_project.platform.signin.RoleBackend")
    return client


def page(model: type[models.Model], name: str, *args: Any) -> str:
    """Address of a model's admin page: changelist, add, change, delete or history."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def act(client: Client, row: models.Model, action: str, *more: models.Model, **answers: Any) -> Any:
    """Choose an action for rows in the list; with `answers` (such as confirmed="yes") the question is answered."""
    chosen = [each.pk for each in (row, *more)]
    return client.post(
        page(type(row), "changelist"), {"action": action, "_selected_action": chosen, **answers}, follow=True
    )


def text_of(response: Any) -> str:
    return str(response.content.decode())


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]
