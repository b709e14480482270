"""Django's PostgreSQL backend with a pool that lends no connection from before a restart of the database.

The pool's own check gives up after about two stale connections, because it pauses longer and longer between them; a
restart leaves as many of them as there are threads, and requests would fail that a working database could answer.
It also asks the database each time. A server that went away has closed its end, which the socket knows without asking;
only a connection that was idle for a while, and may have lost its server without a word, is asked as well.
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, Error
from psycopg_pool import ConnectionPool

IDLE_SECONDS = 10.0


def check(connection: Connection[Any]) -> None:
    """Raises psycopg.Error when the connection cannot be used any more."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    used_at: float = getattr(connection, "_used_at", 0.0)
    now = time.monotonic()
    # Between two requests the server has nothing to say but that it is leaving.
    if now - used_at > IDLE_SECONDS or poll.poll(0):
        ConnectionPool.check_connection(connection)
    connection._used_at = now  # type: ignore[attr-defined]


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that has just answered. Stale ones go back, and the pool replaces them."""
        pool: ConnectionPool[Connection[Any]] | None = self.pool
        if pool is None:
            return super().get_new_connection(conn_params)
        for _connection in range(pool.max_size):
            connection = super().get_new_connection(conn_params)
            try:
                check(connection)
            except Error:
                pool.putconn(connection)
            else:
                return connection
        return super().get_new_connection(conn_params)
