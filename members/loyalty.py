"""Points: an append-only ledger per member. Coming earns, an undo takes back, rewards cost."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from members.models import LoyaltyEntry, Member, Tier

# The least active points of each tier.
TIERS: tuple[tuple[int, Tier], ...] = (
    (1000, Tier.PLATINUM),
    (500, Tier.GOLD),
    (100, Tier.SILVER),
    (0, Tier.BRONZE),
)


class NotEnoughPoints(Exception):
    """A redemption would take the balance below zero."""


def tier_for(points: int) -> Tier:
    """The tier of that many active points; below zero (after an undo) it is the lowest."""
    return next((tier for least, tier in TIERS if points >= least), Tier.BRONZE)


def balance(member_id: int, *, at: datetime) -> int:
    """Active points: those that have not expired."""
    total = LoyaltyEntry.objects.filter(member_id=member_id).active_at(at).aggregate(total=Sum("points"))["total"]
    return int(total or 0)


def award(  # noqa: PLR0913 - a line of the ledger has that many columns
    member_id: int,
    points: int,
    *,
    description: str,
    at: datetime,
    reference: str | None = None,
    before: int | None = None,
    expires_at: datetime | None = None,
    reward: str = "",
) -> LoyaltyEntry | None:
    """Add one line to the ledger; None when a line with this `reference` stands already.

    `before` is the balance if the caller knows it, which saves a query. Safe to repeat with a reference.
    """
    if before is None:
        before = balance(member_id, at=at)
    line = partial(
        _add_line,
        member_id,
        points,
        description=description,
        at=at,
        before=before,
        reward=reward,
        expires_at=expires_at,
    )
    if reference is None:
        return line()
    # A savepoint, because the caller's transaction must survive a repeated reference.
    try:
        with transaction.atomic():
            return line(reference=reference)
    except IntegrityError:
        return None


def _add_line(  # noqa: PLR0913 - as award
    member_id: int,
    points: int,
    *,
    description: str,
    at: datetime,
    before: int,
    reward: str = "",
    expires_at: datetime | None = None,
    reference: str | None = None,
) -> LoyaltyEntry:
    return LoyaltyEntry.objects.create(
        member_id=member_id,
        points=points,
        description=description,
        tier=tier_for(before + points),
        reward=reward,
        issued_at=at,
        expires_at=expires_at,
        reference=reference,
    )


def take_back(member_id: int, earned_for: str, *, at: datetime, reference: str) -> LoyaltyEntry | None:
    """Reverse what the lines whose reference starts with `earned_for` add up to. Safe to repeat with a reference."""
    lines = LoyaltyEntry.objects.filter(member_id=member_id, reference__startswith=earned_for)
    net = lines.aggregate(total=Sum("points"))["total"]
    if not net:
        return None
    return award(member_id, -net, description=_("Check-in taken back"), at=at, reference=reference)


def redeem(member_id: int, points: int, *, reward: str, at: datetime) -> LoyaltyEntry:
    """Spend points on a reward. Locks the member's row. Raises NotEnoughPoints rather than go below zero."""
    if points <= 0:
        raise ValueError("points must be positive")
    with transaction.atomic():
        Member.objects.select_for_update().get(pk=member_id)
        before = balance(member_id, at=at)
        if before < points:
            raise NotEnoughPoints(_("Only %(balance)d points are left.") % {"balance": before})
        return _add_line(member_id, -points, description=reward, at=at, before=before, reward=reward)
