"""Sending requests to the application in this process, past no server: for counting statements and for profiles."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application() -> Application:
    """The WSGI application with the settings of the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    from checkin_project.wsgi import application as loaded

    return loaded


def check_in(app: Application, secret: str, event: str, number: int) -> int:
    """POST /api/check-ins for the member of this number; gives the status."""
    body = json.dumps({"event": event, "code": f"V1{number:07d}", "operation_id": str(uuid4())}).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/check-ins",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    statuses: list[int] = []
    answer = app(environ, lambda status, _headers, _error=None: statuses.append(int(status.split()[0])))
    for _part in answer:
        pass
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return statuses[0]
