"""Provisional members."""

import pytest
from django.core.exceptions import ValidationError

from members.models import Member
from members.registration import register_provisional
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def test_somebody_new_is_provisional_whatever_else_is_claimed() -> None:
    details = Member(
        first_name="Cleo", last_name="Martin", status=Member.Status.ACTIVE, kiosk_hidden=True, legacy_id="9"
    )

    member = register_provisional(details)

    assert (member.status, member.kiosk_hidden, member.legacy_id) == (Member.Status.PROVISIONAL, False, None)
    assert Member.objects.get().full_name == "Cleo Martin"


def test_a_number_that_is_taken_makes_nobody() -> None:
    make_member(v_number="V01234567")

    with pytest.raises(ValidationError):
        register_provisional(Member(first_name="Cleo", v_number="V01234567"))

    assert Member.objects.count() == 1
