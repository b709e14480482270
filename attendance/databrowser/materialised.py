"""PostgreSQL's materialised view `databrowser`: made when it is first asked for, refreshed beside whoever reads it.

It is not part of the migrations: a view over these tables holds fast to their columns, and every later migration of one
would have to take it down and put it up again. So migrating takes it down (`attendance.apps`), and the next refresh
makes it anew. While there is none, pages read live rows.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from attendance.databrowser import sources
from attendance.databrowser.sources import Source
from attendance.models import BrowserRefresh
from checkin_project.platform.background import patience

NAME = "databrowser"
DRAFT = "databrowser_new"
# Any number that nothing else locks by: one refresh at a time.
LOCK = 0x0DA7AB
TABLES = ("attendance", "members", "events", "groups")
# While people keep coming, the view is refreshed this often all the same.
LATEST = timedelta(minutes=10)

_SELECT = """SELECT a.id, a.event_id, e.code AS event_code, e.legacy_id AS event_legacy_id, e.name AS event_name,
e.starts_at AS event_starts_at, e.timezone AS event_timezone, e.location AS event_location, g.name AS group_name,
a.member_id, m.legacy_id AS member_legacy_id, m.first_name, m.last_name, m.classification, m.major, m.student_email,
m.personal_email, m.v_number, a.guest_name, a.guest_key, a.state, a.registration, a.registered_at,
a.registered_party_size, a.checked_in_at, a.checked_out_at, a.method, a.is_walk_in, a.party_size, a.scan_count, a.note
FROM attendance a JOIN events e ON e.id = a.event_id LEFT JOIN groups g ON g.id = e.group_id
LEFT JOIN members m ON m.id = a.member_id"""
# One for each phase of each order, and for what filters narrow down best.
_INDEXES = (
    "UNIQUE INDEX {name}_id ON {name} (id)",
    "INDEX {name}_time ON {name} (checked_in_at, id) WHERE checked_in_at IS NOT NULL",
    "INDEX {name}_event ON {name} (event_id, checked_in_at)",
    "INDEX {name}_member ON {name} (member_id)",
    "INDEX {name}_date ON {name} (event_starts_at, event_id, id)",
    "INDEX {name}_event_name ON {name} (event_name, event_starts_at, event_id, id)",
    "INDEX {name}_name ON {name} (last_name, first_name, member_id, id) WHERE member_id IS NOT NULL",
    "INDEX {name}_class ON {name} (classification, last_name, first_name, member_id, id) WHERE member_id IS NOT NULL",
    "INDEX {name}_major ON {name} (major, last_name, first_name, member_id, id) WHERE member_id IS NOT NULL",
    "INDEX {name}_guest ON {name} (guest_key, id) WHERE member_id IS NULL",
    "INDEX {name}_state ON {name} (state, method)",
)
_VERSION = hashlib.sha256((_SELECT + "".join(_INDEXES)).encode()).hexdigest()


def is_wanted() -> bool:
    return str(settings.DATABROWSER) == "materialized"


def source() -> Source:
    """Where the page reads: the view if it is wanted and there, else the tables as they are. At most one query."""
    if not is_wanted():
        return sources.live()
    with connection.cursor() as cursor:
        # One of an older release would lack columns; it is made anew by the next refresh.
        cursor.execute(
            "SELECT refreshed_at FROM databrowser_refresh "
            "WHERE refreshed_at IS NOT NULL AND obj_description(to_regclass(%s), 'pg_class') = %s",
            [NAME, _VERSION],
        )
        found = cursor.fetchone()
    return sources.view(found[0]) if found else sources.live()


def refresh(*, at: datetime) -> BrowserRefresh | None:
    """Bring the view up to date, making it if need be; None when another process is at it.

    Readers see the old rows until it is done, and writers wait for nothing. PostgreSQL only.
    """
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SET LOCAL statement_timeout = 0")
        # Before the rows are read: what is written meanwhile asks for another refresh.
        writes = written()
        if _is_current(cursor):
            cursor.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {NAME}")
        else:
            _make(cursor)
        cursor.execute(f"SELECT COUNT(*) FROM {NAME}")  # noqa: S608 - our own name
        values = {"refreshed_at": at, "rows": cursor.fetchone()[0], "seconds": time.monotonic() - began}
        kept, _is_new = BrowserRefresh.objects.update_or_create(
            pk=1, defaults=values | {"writes": writes, "seen": writes, "seen_at": at}
        )
    if not connection.in_atomic_block:
        # Counting reads indexes alone, once it is known that nobody needs the rows' older versions.
        with patience(), connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {NAME}")
    return kept


def refresh_when_settled(at: datetime) -> None:
    """For the schedule: refresh when something was written since the last time and writing has come to rest.

    At rest: nothing was written between two looks. A view older than LATEST waits for no rest.
    """
    if not is_wanted():
        return
    kept, _is_new = BrowserRefresh.objects.get_or_create(pk=1)
    now = written()
    if kept.refreshed_at and now == kept.writes and source().as_of:
        return
    is_old = kept.refreshed_at is None or at - kept.refreshed_at >= LATEST or not source().as_of
    if is_old or now == kept.seen:
        refresh(at=at)
    else:
        BrowserRefresh.objects.filter(pk=1).update(seen=now, seen_at=at)


def written() -> int:
    """How many rows of the view's tables were ever written, as PostgreSQL's statistics have it, some seconds late.

    They start anew after a crash: another number then, and so a refresh.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables "
            "WHERE schemaname = ANY (current_schemas(false)) AND relname = ANY (%s)",
            [list(TABLES)],
        )
        return int(cursor.fetchone()[0])


def forget() -> None:
    """Somebody was erased: pages read live rows from now on, until the view was refreshed without that person."""
    BrowserRefresh.objects.filter(pk=1).update(refreshed_at=None)


def drop_before_migrating(plan: list[Any], **kwargs: Any) -> None:
    """Django's signal: when something is going to be migrated, the tables below the view must be free to change."""
    if plan:
        drop()


def drop() -> None:
    """Take the view down; the next refresh makes it anew."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP MATERIALIZED VIEW IF EXISTS {NAME}")


def _is_current(cursor: Any) -> bool:
    """Is the view there, and made by these very statements?"""
    cursor.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [NAME])
    return bool(cursor.fetchone()[0] == _VERSION)


def _make(cursor: Any) -> None:
    """Under another name first: an older view serves until the new one has its indexes."""
    cursor.execute(f"DROP MATERIALIZED VIEW IF EXISTS {DRAFT}")
    cursor.execute(f"CREATE MATERIALIZED VIEW {DRAFT} AS {_SELECT}")
    for index in _INDEXES:
        cursor.execute(f"CREATE {index.format(name=DRAFT)}")
    cursor.execute(f"DROP MATERIALIZED VIEW IF EXISTS {NAME}")
    cursor.execute(f"ALTER MATERIALIZED VIEW {DRAFT} RENAME TO {NAME}")
    for index in _INDEXES:
        name = index.format(name=DRAFT).split("INDEX ")[1].split()[0]
        cursor.execute(f"ALTER INDEX {name} RENAME TO {name.replace(DRAFT, NAME)}")
    cursor.execute(f"COMMENT ON MATERIALIZED VIEW {NAME} IS '{_VERSION}'")
    cursor.execute(f"ANALYZE {NAME}")
