"""Who belongs to a club."""

from datetime import datetime

from events.models import GroupMember


def link_to_group(group_id: int, member_id: int, *, at: datetime, how: GroupMember.How) -> None:
    """Make the member one of the group's. Safe to repeat: the first link stands."""
    link = GroupMember(group_id=group_id, member_id=member_id, since=at, how=how)
    GroupMember.objects.bulk_create([link], ignore_conflicts=True)
