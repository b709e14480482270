"""When check-in is open. Pure."""

from datetime import datetime, timedelta


def check_in_window(
    starts_at: datetime,
    ends_at: datetime,
    *,
    all_day: bool,
    minutes_before: int,
    minutes_after: int,
    closed_at: datetime | None,
) -> tuple[datetime, datetime]:
    """First and last instant of check-in. An all-day event is open all its day; one closed early ends there."""
    opens, closes = starts_at, ends_at
    if not all_day:
        opens -= timedelta(minutes=minutes_before)
        closes += timedelta(minutes=minutes_after)
    return opens, closes if closed_at is None else min(closes, closed_at)
