"""Passes in the admin: given, replaced and ended, singly and in bulk, by those who look after the members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from checkin_project.platform.access import Role
from checkin_project.platform.tests.admin_pages import act, messages_of, page, signed_in, text_of
from members import passes
from members.models import Member, Pass
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
QUESTIONS = {"issue_pass": "Issue a pass?", "reissue_pass": "Reissue the pass?", "revoke_pass": "Revoke the pass?"}


def _button(client: Client, member: Member, action: str, **answers: str) -> Any:
    """A button on the member's own page."""
    return act(client, member, action, from_object="yes", **answers)


def _snapshot() -> list[Any]:
    return list(Pass.objects.order_by("pk").values())


def _change_page(client: Client, member: Member) -> str:
    return text_of(client.get(page(Member, "change", member.pk)))


# --- One member ---------------------------------------------------------------------------------


def test_ana_issues_a_pass_with_one_click_and_gets_its_link() -> None:
    ben, client = make_member(), signed_in()
    assert "data-copy" not in _change_page(client, ben)

    response = _button(client, ben, "issue_pass")

    code = passes.code_of(Pass.objects.get(member=ben))
    assert messages_of(response) == ["1 pass issued."]
    assert response.redirect_chain[-1][0] == page(Member, "change", ben.pk)
    assert 'data-copy="http' in text_of(response)
    assert f'/pass/{code}/"' in text_of(response)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("action", ["reissue_pass", "revoke_pass"])
def test_what_ends_a_pass_is_asked_first(action: str) -> None:
    ben, client = make_member(), signed_in()
    passes.issue(ben, at=AT)
    before = _snapshot()

    response = _button(client, ben, action)

    assert QUESTIONS[action] in text_of(response)
    assert _snapshot() == before


def test_reissuing_ends_the_old_pass_and_shows_the_link_of_the_new() -> None:
    ben, client = make_member(), signed_in()
    old, old_code = passes.issue(ben, at=AT)

    response = _button(client, ben, "reissue_pass", confirmed="yes")

    old.refresh_from_db()
    new_code = passes.code_of(Pass.objects.valid().get(member=ben))
    assert messages_of(response) == ["1 pass reissued."]
    assert old.revoked_at is not None
    assert (new_code in text_of(response), old_code in text_of(response)) == (True, False)


def test_revoking_ends_the_pass() -> None:
    ben, client = make_member(), signed_in()
    passes.issue(ben, at=AT)

    response = _button(client, ben, "revoke_pass", confirmed="yes")

    assert messages_of(response) == ["1 pass revoked."]
    assert not Pass.objects.valid().exists()
    assert "data-copy" not in _change_page(client, ben)


def test_a_blocked_members_page_offers_no_pass() -> None:
    ben, client = make_member(status=Member.Status.BLOCKED), signed_in()
    passes.issue(ben, at=AT)

    offered = text_of(client.get(page(Member, "change", ben.pk)))

    assert 'value="revoke_pass"' in offered
    assert 'value="issue_pass"' not in offered
    assert 'value="reissue_pass"' not in offered


def test_a_supervisor_sees_when_but_neither_link_nor_buttons() -> None:
    ben, client = make_member(), signed_in(Role.SUPERVISOR)
    _pass, code = passes.issue(ben, at=AT)
    before = _snapshot()

    shown = _change_page(client, ben)
    for action in QUESTIONS:
        act(client, ben, action, confirmed="yes")

    assert "Nov. 20, 2026" in shown
    assert (code in shown, "reissue_pass" in shown) == (False, False)
    assert _snapshot() == before
    assert client.get(page(Pass, "changelist")).status_code == 403


def test_a_pass_of_an_older_secret_key_asks_to_be_reissued(settings: Settings) -> None:
    ben, client = make_member(), signed_in()
    pass_, _code = passes.issue(ben, at=AT)
    Pass.objects.filter(pk=pass_.pk).update(nonce="of another key")

    shown = _change_page(client, ben)

    assert "cannot be shown again: reissue it" in shown
    assert "data-copy" not in shown


# --- Many ---------------------------------------------------------------------------------------


def test_a_bulk_issue_says_what_became_of_everybody() -> None:
    people = [make_member(last_name=f"Brown {number}") for number in range(5)]
    passes.issue(people[0], at=AT)
    blocked = make_member(status=Member.Status.BLOCKED)
    client = signed_in()

    question = act(client, people[0], "issue_pass", *people[1:], blocked)
    before = Pass.objects.count()
    response = act(client, people[0], "issue_pass", *people[1:], blocked, confirmed="yes")

    assert "6 chosen:" in text_of(question)
    assert before == 1
    assert messages_of(response) == ["4 passes issued, 1 had one already, 1 blocked skipped."]
    assert Pass.objects.valid().count() == 5


def test_a_bulk_issue_to_people_who_have_one_says_so_and_changes_nothing() -> None:
    people = [make_member(), make_member()]
    for member in people:
        passes.issue(member, at=AT)
    before = _snapshot()

    response = act(signed_in(), people[0], "issue_pass", people[1], confirmed="yes")

    assert messages_of(response) == ["2 had one already."]
    assert _snapshot() == before


def test_a_bulk_reissue_counts_first_passes_apart() -> None:
    ben, new, blocked = make_member(), make_member(), make_member(status=Member.Status.BLOCKED)
    passes.issue(ben, at=AT)
    passes.issue(blocked, at=AT)

    response = act(signed_in(), ben, "reissue_pass", new, blocked, confirmed="yes")

    assert messages_of(response) == ["1 pass reissued, 1 pass issued, 1 blocked skipped."]
    assert Pass.objects.valid().count() == 3


def test_a_bulk_revoke_counts_those_who_had_none() -> None:
    ben, none = make_member(), make_member()
    passes.issue(ben, at=AT)

    response = act(signed_in(), ben, "revoke_pass", none, confirmed="yes")

    assert messages_of(response) == ["1 pass revoked, 1 had none."]


@pytest.mark.parametrize("action", list(QUESTIONS))
def test_thirty_members_take_as_many_queries_as_one(action: str) -> None:
    client, counts = signed_in(), []

    for how_many in (1, 1, 30):  # The first one fills caches.
        people = [make_member() for _member in range(how_many)]
        if action != "issue_pass":
            for member in people:
                passes.issue(member, at=AT)
        with CaptureQueriesContext(connection) as asked:
            client.post(
                page(Member, "changelist"),
                {"action": action, "_selected_action": [member.pk for member in people], "confirmed": "yes"},
            )
        counts.append(len(asked))

    assert counts[1] == counts[2] <= 20


def test_every_change_is_on_the_history_page_of_the_pass_without_the_members_name() -> None:
    ben, client = make_member(), signed_in(first_name="Ana")
    _button(client, ben, "issue_pass")
    first = Pass.objects.get()
    _button(client, ben, "reissue_pass", confirmed="yes")
    _button(client, ben, "revoke_pass", confirmed="yes")

    told = text_of(client.get(page(Pass, "history", first.pk)))

    entries = LogEntry.objects.order_by("pk").values_list("object_id", "change_message")
    second = Pass.objects.exclude(pk=first.pk).get()
    assert list(entries) == [
        (str(first.pk), "Issued."),
        (str(first.pk), "Revoked: replaced by a new pass."),
        (str(second.pk), "Issued."),
        (str(second.pk), "Revoked."),
    ]
    assert "Issued." in told
    assert "replaced by a new pass" in told
    assert not LogEntry.objects.filter(object_repr__contains="Ben").exists()


# --- The list of passes -------------------------------------------------------------------------


def test_the_list_tells_the_state_and_opens_valid_passes() -> None:
    ben, cleo = make_member(), make_member(first_name="Cleo")
    _pass, code = passes.issue(ben, at=AT)
    revoked, old_code = passes.issue(cleo, at=AT)
    passes.revoke(revoked, at=AT + timedelta(hours=1))

    shown = text_of(signed_in().get(page(Pass, "changelist")))

    assert (">Valid<" in shown, ">Revoked<" in shown) == (True, True)
    assert f"/pass/{code}/" in shown
    assert old_code not in shown
    assert "Open the pass of Ben Brown" in shown


@pytest.mark.parametrize(("state", "names"), [("valid", ["Ben Brown"]), ("revoked", ["Cleo Brown"])])
def test_the_list_is_filtered_by_state(state: str, names: list[str]) -> None:
    passes.issue(make_member(), at=AT)
    revoked, _code = passes.issue(make_member(first_name="Cleo"), at=AT)
    passes.revoke(revoked, at=AT)

    response = signed_in().get(page(Pass, "changelist"), {"state": state})

    assert [str(found.member) for found in response.context["cl"].result_list] == names


def test_passes_are_only_looked_at() -> None:
    pass_, _code = passes.issue(make_member(), at=AT)
    client = signed_in(Role.ADMINISTRATOR)

    statuses = [
        client.get(page(Pass, "changelist")).status_code,
        client.get(page(Pass, "add")).status_code,
        client.post(page(Pass, "delete", pass_.pk), {"post": "yes"}).status_code,
        client.get(page(Pass, "changelist") + "?nonce__startswith=a").status_code,
    ]

    assert statuses == [200, 403, 403, 400]
