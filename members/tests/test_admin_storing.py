"""Marked members go to the storage; the action is the same on every list that can be exported."""

from html import unescape
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client, TestCase

from checkin_project.platform.access import Role
from checkin_project.platform.admin import storing
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.tests.admin_pages import signed_in
from checkin_project.platform.tests.exports import folder
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
LIST = "/admin/members/member/"


def _act(client: Client, members: list[Member], **more: Any) -> Any:
    data = {"action": "copy_to_storage", ACTION_CHECKBOX_NAME: [member.pk for member in members]} | more
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.post(LIST, data, follow=True)


def _offered(client: Client) -> bool:
    return "copy to the storage" in client.get(LIST).content.decode()


def test_marked_members_are_copied_after_a_question() -> None:
    client = signed_in(Role.ORGANISER)
    ben, _other, dora = (make_member(first_name=name) for name in ("Ben", "Cleo", "Dora"))

    asked = _act(client, [ben, dora])
    done = _act(client, [ben, dora], confirmed="1", what="members_full", format="json")

    assert "You find it on the page of exports." in asked.content.decode()
    said = unescape(done.content.decode())
    assert '“Members, all fields” (2 records) is being made. The page of <a href="/exports/">exports</a>' in said
    run = ExportRun.objects.get()
    stored = (folder() / run.key).read_text()
    assert (run.state, run.rows, run.origin, run.about) == ("stored", 2, "admin", "2 records")
    assert ("Ben" in stored, "Cleo" in stored, "Dora" in stored) == (True, False, True)


def test_a_wrong_choice_is_asked_again_and_stores_nothing() -> None:
    answer = _act(signed_in(Role.ORGANISER), [make_member()], confirmed="1", what="members", format="pdf")

    assert "Select a valid choice" in unescape(answer.content.decode())
    assert not ExportRun.objects.exists()


def test_too_many_at_once_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MOST_ROWS", 1)

    answer = _act(signed_in(Role.ORGANISER), [make_member(), make_member()])

    assert "At most 1 records at a time." in answer.content.decode()


def test_whoever_may_look_only_is_not_offered_it() -> None:
    make_member()
    supervisor = signed_in(Role.SUPERVISOR)

    assert (_offered(signed_in(Role.ORGANISER)), _offered(supervisor)) == (True, False)
    _act(supervisor, list(Member.objects.all()), confirmed="1", what="members", format="csv")
    assert not ExportRun.objects.exists()
