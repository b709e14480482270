"""Statements by hand: the same rows, errors and transaction whether somebody watches or not."""

from contextlib import AbstractContextManager, nullcontext

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from checkin_project.platform.models import User
from checkin_project.platform.statements import execute, in_transaction, rows
from checkin_project.platform.tests.factories import make_user

pytestmark = pytest.mark.django_db
Watch = AbstractContextManager[object]


@pytest.fixture(params=["watched", "alone"])
def watch(request: pytest.FixtureRequest) -> Watch:
    return CaptureQueriesContext(connection) if request.param == "watched" else nullcontext()


def test_it_reads_and_writes_in_the_transaction_of_the_orm(watch: Watch) -> None:
    user = make_user()

    with watch:
        execute("UPDATE users SET first_name = %s WHERE id = %s", ["100 %s", user.pk])
        found = rows("SELECT first_name FROM users WHERE id = %s", [user.pk])

    assert in_transaction()
    assert [tuple(row) for row in found] == [("100 %s",)]
    assert User.objects.get(pk=user.pk).first_name == "100 %s"


def test_a_constraint_that_refuses_is_djangos_error(watch: Watch) -> None:
    first, second = make_user(), make_user()

    with watch, pytest.raises(IntegrityError), transaction.atomic():
        execute("UPDATE users SET username = %s WHERE id = %s", [first.username, second.pk])

    assert User.objects.get(pk=second.pk).username == second.username


def test_nothing_is_asked_in_a_transaction_that_has_failed(watch: Watch) -> None:
    with watch, transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            rows("SELECT 1", [])
        transaction.set_rollback(False)


def test_whoever_counts_statements_counts_these_too() -> None:
    with CaptureQueriesContext(connection) as queries:
        rows("SELECT %s", [1])

    assert len(queries) == 1
