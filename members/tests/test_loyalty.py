"""Points: only ever added to, never spent twice."""

from datetime import UTC, datetime, timedelta

import pytest

from members import loyalty
from members.models import LoyaltyEntry, Tier
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("points", "tier"),
    [
        (-5, Tier.BRONZE),
        (0, Tier.BRONZE),
        (99, Tier.BRONZE),
        (100, Tier.SILVER),
        (499, Tier.SILVER),
        (500, Tier.GOLD),
        (999, Tier.GOLD),
        (1000, Tier.PLATINUM),
    ],
)
def test_each_tier_begins_at_its_number_of_points(points: int, tier: Tier) -> None:
    assert loyalty.tier_for(points) is tier


def test_points_count_until_the_instant_they_expire() -> None:
    ben = make_member()
    loyalty.award(ben.pk, 30, description="For good", at=AT)
    loyalty.award(ben.pk, 20, description="For a day", at=AT, expires_at=AT + timedelta(days=1))

    assert loyalty.balance(ben.pk, at=AT) == 50
    assert loyalty.balance(ben.pk, at=AT + timedelta(days=1)) == 30


def test_a_reference_earns_once() -> None:
    ben = make_member()

    first = loyalty.award(ben.pk, 10, description="Run", at=AT, reference="attendance:1:a")
    again = loyalty.award(ben.pk, 10, description="Run", at=AT, reference="attendance:1:a")

    assert first is not None
    assert again is None
    assert loyalty.balance(ben.pk, at=AT) == 10


def test_what_was_earned_is_taken_back_once() -> None:
    ben = make_member()
    loyalty.award(ben.pk, 10, description="Run", at=AT, reference="attendance:1:a")

    loyalty.take_back(ben.pk, "attendance:1:", at=AT, reference="attendance:1:b")
    again = loyalty.take_back(ben.pk, "attendance:1:", at=AT, reference="attendance:1:c")

    assert again is None
    assert loyalty.balance(ben.pk, at=AT) == 0
    assert LoyaltyEntry.objects.count() == 2


def test_an_award_names_the_tier_it_reaches() -> None:
    ben = make_member()
    loyalty.award(ben.pk, 450, description="Season", at=AT)

    entry = loyalty.award(ben.pk, 60, description="Finals", at=AT)

    assert entry is not None
    assert entry.tier == Tier.GOLD


def test_a_redemption_never_goes_below_zero() -> None:
    ben = make_member()
    loyalty.award(ben.pk, 30, description="Run", at=AT)

    loyalty.redeem(ben.pk, 20, reward="Shirt", at=AT)

    with pytest.raises(loyalty.NotEnoughPoints, match="10"):
        loyalty.redeem(ben.pk, 20, reward="Shirt", at=AT)
    assert loyalty.balance(ben.pk, at=AT) == 10
