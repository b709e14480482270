"""A door for programs that is knocked at hundreds of times a second: from the server to the rule past Django's request.

Only what is plain goes this way, and only what succeeds ends here. Anything else (another method, a body or key that is
not accepted, a rule that raises) goes the ordinary way, which alone knows how to refuse and report. What is at the door
must therefore be safe to repeat.
"""

import io
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from http.client import responses
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.security import SecurityMiddleware

from checkin_project.platform import requests
from checkin_project.platform.access import Actor
from checkin_project.platform.unavailable import HEADERS, bodies

# Of the body's length in bytes; what is longer is no plain question.
MOST_DIGITS = 4
BEARER = "Bearer "

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Told:
    """What the door answers: a status, JSON, and for the log who asked."""

    status: int
    body: bytes
    actor: Actor


# Takes the bearer's token and the body; None when it would rather leave the question to the ordinary way.
Door = Callable[[str, bytes], Told | None]


class Shortcut:
    """WSGI application: POSTs with a bearer's token to `door`, the rest to `otherwise`. The log calls it `route`."""

    def __init__(self, door: Door, route: str, otherwise: WsgiApp) -> None:
        self.door = door
        self.route = route
        self.otherwise = otherwise

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if not _is_plain(environ, length):
            return self.otherwise(environ, start_response)
        started = perf_counter()
        request_id = requests.begin(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            body = environ["wsgi.input"].read(int(length))
        except OSError:  # the client went away
            return self.otherwise(environ, start_response)
        told = self._ask(environ["HTTP_AUTHORIZATION"][len(BEARER) :].strip(), body)
        if told is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self.otherwise(environ, start_response)
        headers = _headers(_is_secure(environ), told.status == 503)
        own = [("Content-Length", str(len(told.body))), ("X-Request-ID", request_id)]
        start_response(f"{told.status} {responses[told.status]}", [*headers, *own])
        level = logging.WARNING if told.status >= 500 else logging.INFO
        who = requests.who_is(told.actor)
        requests.record("POST", self.route, told.status, perf_counter() - started, who=who, level=level)
        return [told.body]

    def _ask(self, token: str, body: bytes) -> Told | None:
        try:
            return self.door(token, body)
        except requests.DATABASE_AWAY as error:
            # Asked once more, it would take as long again.
            requests.LOGGER.error("database unavailable", exc_info=error)
            return Told(503, bodies()[True][1], Actor())
        except (PermissionDenied, ValidationError):
            return None
        except Exception as error:  # noqa: BLE001 - a mistake: met again, answered and reported on the ordinary way
            requests.LOGGER.warning("the short way failed: %s", type(error).__name__)
            return None
        finally:
            close_old_connections()


def _is_plain(environ: Environ, length: str) -> bool:
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("HTTP_AUTHORIZATION", "").startswith(BEARER)
        and length.isascii()
        and length.isdigit()
        and len(length) <= MOST_DIGITS
        and not environ.get("QUERY_STRING")
        and _is_ours(environ.get("HTTP_HOST", ""))
        and (_is_secure(environ) or not settings.SECURE_SSL_REDIRECT)
    )


@lru_cache(maxsize=100)
def _is_ours(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return validate_host(domain, settings.ALLOWED_HOSTS) if domain else False


def _is_secure(environ: Environ) -> bool:
    said_by_proxy: tuple[str, str] | None = settings.SECURE_PROXY_SSL_HEADER
    if said_by_proxy and said_by_proxy[0] in environ:
        return bool(environ[said_by_proxy[0]].split(",")[0].strip() == said_by_proxy[1])
    return bool(environ["wsgi.url_scheme"] == "https")


@cache
def _headers(secure: bool, unavailable: bool) -> list[tuple[str, str]]:
    """What every answer carries; Django's own middleware says which headers make it safe."""
    environ = {"REQUEST_METHOD": "POST", "wsgi.url_scheme": "https" if secure else "http", "wsgi.input": io.BytesIO()}
    headers = requests.COMMON_HEADERS | (HEADERS if unavailable else {})
    response = HttpResponse(content_type="application/json", headers=headers)
    # What it does to requests (the way to https) is none of its business here.
    safe = SecurityMiddleware(lambda _request: response).process_response(WSGIRequest(environ), response)
    return list(safe.items())
