"""Admin pages of people, passes, points and keys."""

from members.admin.keys import ApiKeyAdmin
from members.admin.ledger import LoyaltyEntryAdmin
from members.admin.passes import PassAdmin
from members.admin.people import MemberAdmin

__all__ = ["ApiKeyAdmin", "LoyaltyEntryAdmin", "MemberAdmin", "PassAdmin"]
