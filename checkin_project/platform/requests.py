"""Around every request: its id, one log line, its metrics, whose address it is, and words when the database is away."""

import ipaddress
import logging
import re
import secrets
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from prometheus_client import Counter, Histogram

from checkin_project.platform.access import Actor
from checkin_project.platform.health import healthz, readyz
from checkin_project.platform.logs import REQUEST_ID
from checkin_project.platform.unavailable import unavailable

DATABASE_AWAY = (OperationalError, InterfaceError)
LOGGER = logging.getLogger("checkin.request")
# Asked for every few seconds by machines: they would drown the log.
QUIET = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=()"
# Every answer's that is made for one person: no cache keeps it.
COMMON_HEADERS = {"Permissions-Policy": PERMISSIONS_POLICY, "Cache-Control": "no-store"}

# Answered here, because probes ask by an address that ALLOWED_HOSTS does not name.
PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}

_SANE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_COUNT = Counter("checkin_http_requests", "Requests answered.", ["method", "route", "status"])
_SECONDS = Histogram(
    "checkin_http_seconds",
    "Seconds until the answer was ready.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
# Looking a labelled metric up takes longer than counting it.
_counters: dict[tuple[str, str, str], Any] = {}
_timers: dict[str, Any] = {}


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        request_id = begin(request.META.get("HTTP_X_REQUEST_ID", ""))
        probe = PROBES.get(request.path)
        response = probe(request) if probe else self.get_response(request)
        if response.status_code == 500 and getattr(request, "_database_away", False):
            response = unavailable(request)
        headers = response.headers
        headers["X-Request-ID"] = request_id
        headers["Permissions-Policy"] = PERMISSIONS_POLICY
        if "Cache-Control" not in headers and headers.get("Content-Type", "").startswith(("text/html", "application/")):
            headers["Cache-Control"] = "no-store"
        _record(request, response.status_code, perf_counter() - started)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A view lost the database, or its client went away in the middle of sending."""
        if isinstance(exception, DATABASE_AWAY):
            LOGGER.error("database unavailable", exc_info=exception)
            return unavailable(request)
        if isinstance(exception, UnreadablePostError):
            return HttpResponse(status=400)
        return None


def _remember_lost_database(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Middleware may lose the database too, outside `process_exception`: Django answers 500, which is replaced."""
    if request is not None and isinstance(sys.exc_info()[1], DATABASE_AWAY):
        request._database_away = True  # type: ignore[attr-defined]


got_request_exception.connect(_remember_lost_database, dispatch_uid="checkin.database_away")


def begin(given: str) -> str:
    """The request's id: the one that was given, if it is sane. What is logged from here on carries it."""
    request_id = given if given and _SANE_ID.fullmatch(given) else secrets.token_hex(8)
    REQUEST_ID.set(request_id)
    return request_id


def _record(request: HttpRequest, status: int, seconds: float) -> None:
    match = request.resolver_match
    path = request.path
    quiet = path.startswith(QUIET)
    route = f"/{match.route}" if match else path if path in PROBES else "static" if quiet else "unmatched"
    method = request.method if request.method in _METHODS else "OTHER"
    level = logging.WARNING if status >= 500 else logging.DEBUG if quiet else logging.INFO
    who = _who(request) if LOGGER.isEnabledFor(level) else {}
    record(method or "OTHER", route, status, seconds, who=who, level=level)


def record(
    method: str, route: str, status: int, seconds: float, *, who: dict[str, object], level: int = logging.INFO
) -> None:
    """Count and log one answered request; neither path nor query, because both may name people."""
    key = (method, route, f"{status // 100}xx")
    counter = _counters.get(key)
    if counter is None:
        counter = _counters[key] = _COUNT.labels(*key)
    counter.inc()
    timer = _timers.get(route)
    if timer is None:
        timer = _timers[route] = _SECONDS.labels(route)
    timer.observe(seconds)
    if LOGGER.isEnabledFor(level):
        # By hand, because finding out which line of the program logs takes longer than the rest; nobody shows it.
        line = logging.LogRecord(LOGGER.name, level, __file__, 0, "request", None, None)
        line.fields = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)} | who
        LOGGER.handle(line)


def who_is(actor: Actor) -> dict[str, object]:
    """Kind and id of whoever asked, for the log."""
    for kind in ("device", "key", "user"):
        number = getattr(actor, f"{kind}_id")
        if number:
            return {"actor": kind, "actor_id": number}
    return {"actor": "anonymous"}


def _who(request: HttpRequest) -> dict[str, object]:
    """As far as the request has found out already: logging never asks the database."""
    actor = getattr(request, "_actor", None)
    if actor is not None:
        return who_is(actor)
    user = getattr(request, "_cached_user", None)
    return {"actor": "user", "actor_id": user.pk} if user is not None and user.pk else {"actor": "anonymous"}


def client_address(request: HttpRequest, *args: object) -> str:
    """The address the request came from. With TRUSTED_PROXIES=n the n-th from the right of X-Forwarded-For.

    What a client writes into that header itself stands further left and is never used.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    trusted: int = settings.TRUSTED_PROXIES
    if not trusted:
        return direct
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if len(hops) < trusted:
        return direct
    try:
        return str(ipaddress.ip_address(hops[-trusted].strip("[]")))
    except ValueError:
        return direct
