"""PostgreSQL's own programs: pg_dump, pg_restore, psql. Where to is an argument, the password is in the environment."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import psycopg
from django.db import connection
from psycopg import conninfo, sql

from checkin_project.platform.backups import contents
from checkin_project.platform.backups.manifest import BackupError, CannotTryError, Contents

DEBIAN = Path("/usr/lib/postgresql")
# Not for libpq, or set anew here.
_OURS = ("pool", "options", "cursor_factory", "context", "prepare_threshold", "password", "passfile")
_PATIENT = "-c statement_timeout=0 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=0"
# Restoring waits this long for whoever still uses a table.
LOCK_SECONDS = 10
SCRATCH = "checkin_verify_"
_SCRATCH = re.compile(SCRATCH + r"(\d{14})_[0-9a-f]{8}")
# Newer programs write it also for servers that do not know it; a restored database needs no such limit.
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;"
_CHUNK = 1 << 18


def program(name: str) -> str:
    """Path of the newest `name` of this machine."""
    found = _find(name)
    if found is None:
        raise CannotTryError(f"{name} is missing on this machine: install PostgreSQL's client programs.")
    return found


def is_installed() -> bool:
    return None not in (_find("pg_dump"), _find("pg_restore"), _find("psql"))


def _find(name: str) -> str | None:
    for folder in sorted(DEBIAN.glob("*/bin"), key=_number, reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    return shutil.which(name)


def _number(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.parent.name)]


def target(database: str = "") -> dict[str, Any]:
    """How to reach the product's database, or another `database` of its server, past the pool."""
    params = {key: value for key, value in connection.get_connection_params().items() if key not in _OURS}
    return params | {"options": _PATIENT} | ({"dbname": database} if database else {})


def _password() -> str:
    return str(connection.settings_dict["PASSWORD"] or "")


def connect(database: str = "", **more: Any) -> psycopg.Connection[Any]:
    secret = {"password": _password()} if _password() else {}
    try:
        return psycopg.connect(**target(database) | secret | more)
    except psycopg.OperationalError as error:
        raise CannotTryError(f"The database does not answer: {_without_password(str(error))}") from None


def _without_password(text: str) -> str:
    text = " ".join(text.split())
    return text.replace(_password(), "…") if _password() else text


def _environment() -> Mapping[str, str]:
    """Only what the programs need; other secrets of this process stay here."""
    base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home()), "LC_ALL": "C.UTF-8"}
    return base | ({"PGPASSWORD": _password()} if _password() else {})


def _where(database: str = "") -> str:
    return conninfo.make_conninfo(**target(database))


def server_version() -> str:
    with connect() as database:
        number = database.info.server_version
    return f"{number // 10000}.{number % 10000}"


def dump(to: Path, *, checksums: bool) -> Contents:
    """Write `pg_dump -Fc` of one moment; what was in the database at that moment."""
    with connect() as database:
        database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        database.read_only = True
        snapshot = database.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot is not None  # noqa: S101
        inside = contents.of_postgres(database, checksums=checksums)
        command = [program("pg_dump"), "--format=custom", "--no-password", f"--snapshot={snapshot[0]}"]
        # A change of tables that is under way is waited for, but not for ever.
        command += ["--lock-wait-timeout=30000", f"--file={to}", f"--dbname={_where()}"]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"pg_dump failed: {_last_line(done.stderr)}")
    return inside


def inspect(database: str = "", *, checksums: bool = False) -> Contents:
    with connect(database) as link:
        return contents.of_postgres(link, checksums=checksums)


def load(dump_file: Path, *, database: str = "", before: str = "", after: str = "") -> None:
    """All of `dump_file` into the database, between two pieces of SQL, in one transaction: everything or nothing."""
    reading = [program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(dump_file)]
    writing = [program("psql"), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    writing += ["--output=/dev/null", f"--dbname={_where(database)}"]
    with (
        subprocess.Popen(reading, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source,  # noqa: S603
        subprocess.Popen(writing, env=_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as sink,  # noqa: S603
    ):
        assert source.stdout and source.stderr and sink.stdin and sink.stderr  # noqa: S101, PT018
        try:
            _pump(source.stdout, sink.stdin, before)
            source.wait()
            # Without COMMIT psql's end takes everything back.
            if source.returncode == 0:
                # What pg_restore writes looks for nothing in any schema from its first line on.
                sink.stdin.write(f"\nRESET search_path;\n{after}\nCOMMIT;\n".encode())
            sink.stdin.close()
        except BrokenPipeError:
            source.kill()
            with suppress(BrokenPipeError):
                sink.stdin.close()
        refused = _without_password(sink.stderr.read().decode(errors="replace"))
        broken = _without_password(source.stderr.read().decode(errors="replace"))
    if sink.returncode:
        raise BackupError(f"The database refused the backup, and nothing was changed: {_last_line(refused)}")
    if source.returncode:
        raise BackupError(f"The backup is damaged, and nothing was changed: {_last_line(broken)}")


def _pump(source: IO[bytes], sink: IO[bytes], before: str) -> None:
    sink.write(f"BEGIN;\n{before}\n".encode())
    for _number in range(40):
        line = source.readline()
        if line.strip() != _UNKNOWN_BEFORE_17:
            sink.write(line)
    shutil.copyfileobj(source, sink, _CHUNK)


def _last_line(text: str) -> str:
    lines = [line for line in _without_password_lines(text) if line]
    errors = [line for line in lines if "error:" in line.lower()]
    return (errors or lines or ["no reason was given"])[0][:300]


def _without_password_lines(text: str) -> list[str]:
    return [_without_password(line) for line in text.splitlines()]


_PRESENT = """
SELECT kind, name FROM (
    SELECT oid, oid::regclass::text AS name,
        CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
            AS kind,
        CASE relkind WHEN 'v' THEN 1 WHEN 'm' THEN 1 WHEN 'S' THEN 3 ELSE 2 END AS place
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT oid, oid::regprocedure::text, 'ROUTINE', 4 FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
) AS present
WHERE NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = present.oid AND deptype = 'e')
ORDER BY place, name
"""


def dropping() -> str:
    """SQL that removes the product's tables, views and functions; what belongs to an extension stays."""
    with connect() as database:
        found = database.execute(_PRESENT).fetchall()  # names are quoted where they need it
    # Somebody who still reads a table is waited for, but not for ever.
    lines = [f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s';", "SET LOCAL client_min_messages = warning;"]
    return "\n".join([*lines, *(f"DROP {kind} IF EXISTS {name} CASCADE;" for kind, name in found)])


@contextmanager
def scratch() -> Iterator[str]:
    """The name of an empty database beside the product's own; it is gone afterwards."""
    name = f"{SCRATCH}{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    with connect(autocommit=True) as database:
        _drop_leftovers(database)
        try:
            database.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            user = connection.settings_dict["USER"]
            raise CannotTryError(
                f"Trying a backup out needs a database beside the own one: allow it by `ALTER ROLE {user} CREATEDB`."
            ) from None
    try:
        yield name
    finally:
        with connect(autocommit=True) as database:
            database.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_leftovers(database: psycopg.Connection[Any]) -> None:
    """Of runs that were killed, a day ago or earlier."""
    found = database.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [SCRATCH + "%"])
    for (name,) in found.fetchall():
        match = _SCRATCH.fullmatch(name)
        if match is None:
            continue
        made = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if datetime.now(UTC) - made > timedelta(days=1):
            database.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
