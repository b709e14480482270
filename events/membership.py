"""Who belongs to a club."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from checkin_project.platform.imports import batches
from events.models import GroupMember


def link_to_group(group_id: int, member_id: int, *, at: datetime, how: GroupMember.How) -> None:
    """Make the member one of the group's. Safe to repeat: the first link stands."""
    link = GroupMember(group_id=group_id, member_id=member_id, since=at, how=how)
    GroupMember.objects.bulk_create([link], ignore_conflicts=True)


def link_many(since: Mapping[tuple[int, int], datetime], *, how: GroupMember.How) -> list[GroupMember]:
    """The same for many (group, member) at once; the links that are new. A few queries for each thousand."""
    made: list[GroupMember] = []
    for batch in batches(sorted(since)):
        groups, members = {group for group, _member in batch}, {member for _group, member in batch}
        known = GroupMember.objects.filter(group__in=groups, member__in=members)
        missing = set(batch) - set(known.values_list("group_id", "member_id"))
        rows = [
            GroupMember(group_id=pair[0], member_id=pair[1], since=since[pair], how=how) for pair in sorted(missing)
        ]
        made += GroupMember.objects.bulk_create(rows)
    return made


def unlink_many(link_ids: Sequence[int]) -> None:
    """Take these links away again."""
    for batch in batches(link_ids):
        GroupMember.objects.filter(pk__in=batch).delete()
