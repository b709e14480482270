"""One process that serves everything: what has to be true before it starts, and starting it."""

import errno
import logging
import os
import signal
import socket
import sys
import threading
from urllib.parse import urlsplit

import psycopg
import redis
import uvicorn
from django.conf import settings
from django.db import Error, connection

from checkin_project.platform.migrationstate import missing_migrations
from checkin_project.platform.sockets import OPTIONS
from checkin_project.platform.worker import BackgroundWork

GRACEFUL_SECONDS = 10
# For a task under way when the server ends; what takes longer is begun again by the next one.
WORK_SECONDS = 5


class CannotStartError(Exception):
    """The one sentence that says what is missing, and what to do."""


def check_database() -> None:
    """Connect once, past the pool, whose own complaint is only that it found no connection."""
    where = "SQLite" if settings.SQLITE else "PostgreSQL"
    params = connection.get_connection_params()
    try:
        if settings.SQLITE:
            connection.ensure_connection()
        else:
            psycopg.connect(**{key: value for key, value in params.items() if key != "pool"}).close()
    except (Error, psycopg.Error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CannotStartError(
            f"The {where} database in DATABASE_URL cannot be reached: {_without_password(reason)}"
        ) from None


def _without_password(text: str) -> str:
    password = str(settings.DATABASES["default"].get("PASSWORD") or "")
    return text.replace(password, "…") if password else text


def check_migrations() -> None:
    missing = missing_migrations()
    if missing:
        raise CannotStartError(
            f"The database lacks {len(missing)} migrations: run `{sys.executable} manage.py migrate`, then start again."
        )


def redis_trouble() -> str:
    """Why Redis cannot be used, as one sentence; "" when it can, or is not wanted. The doors go on without it."""
    if not settings.REDIS_URL:
        return ""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        place = urlsplit(settings.REDIS_URL).hostname or "its socket"
        return (
            f"Redis in REDIS_URL cannot be reached at {place}: {' '.join(str(error).split())}."
            " People are checked in all the same; live numbers start when it is back."
        )
    finally:
        client.close()
    return ""


def listen(host: str, port: int) -> socket.socket:
    """The server's socket, bound: nobody else can take the port between this check and the start."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except socket.gaierror:
        raise CannotStartError(f"HOST is {host!r}, which is no address of this machine.") from None
    except OSError as error:
        raise CannotStartError(_why_not(error, host, port)) from None
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop that one, or choose another port with PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for the system: choose one above 1023 with PORT=8000."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST is {host!r}, which is no address of this machine."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."


def addresses() -> list[tuple[str, str]]:
    """What a person may open, as (what it is, address)."""
    host = "localhost" if settings.HOST in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.HOST  # noqa: S104  compared
    here = f"http://{host}:{settings.PORT}"
    lines = [("Site", f"{here}/"), ("Kiosk", f"{here}/kiosk/"), ("Admin", f"{here}/admin/")]
    if settings.LOCAL_ADDRESSES:
        lines.append(("Tablets in this network", f"http://{settings.LOCAL_ADDRESSES[0]}:{settings.PORT}/kiosk/"))
    return lines


def run(listener: socket.socket, *, work: BackgroundWork | None = None) -> None:
    """Serve until SIGINT or SIGTERM: no new connections, GRACEFUL_SECONDS for what is under way, then the end.

    `work` is done beside it, begun here and ended with it.
    """
    config = uvicorn.Config(
        # By name: the ground floor imports nothing above it.
        "checkin_project.asgi:application",
        log_config=None,
        access_log=False,
        # Whose address counts is decided in requests.client_address, from TRUSTED_PROXIES.
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        **OPTIONS,
        limit_concurrency=settings.HTTP_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    # uvicorn ends by the signal that it was sent; without a handler SIGTERM would skip all that follows it here.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    if work is not None:
        work.start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        logging.getLogger("checkin.server").info("stopped")
    finally:
        if work is not None:
            work.stop(WORK_SECONDS)
        _leave_hanging_threads()


def _leave_hanging_threads() -> None:
    """A thread that hangs on a frozen database must not keep the process from ending."""
    connection.close()
    names = ("WSGI", "live-", "worker-")
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(names)]
    for thread in threads:
        thread.join(timeout=0 if not thread.is_alive() else 0.2)
    if any(thread.is_alive() for thread in threads) and sys.exc_info()[0] is None:
        leave_at_once()


def leave_at_once() -> None:
    """End the process although threads are still busy."""
    sys.stdout.flush()
    sys.stderr.flush()
    logging.shutdown()
    os._exit(0)
