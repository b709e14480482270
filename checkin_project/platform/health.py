"""Is it alive, is it ready, what has it counted: three addresses for machines, without sign-in and without secrets."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.db import Error, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from checkin_project.platform.access import Role, request_actor
from checkin_project.platform.migrationstate import missing_migrations
from checkin_project.platform.models import Worker

# PostgreSQL settings under which an acknowledged check-in survives a crash.
POSTGRES_SAFE: dict[str, tuple[str, ...]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
}
FAILED = "failed"
WORKER_SILENT = timedelta(minutes=5)
SQLITE_SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}


@dataclass(frozen=True, slots=True)
class Check:
    """One question's answer; `detail` is fit for strangers. Only a `needed` check decides about readiness."""

    name: str
    ok: bool
    detail: str
    milliseconds: float
    needed: bool = True


def check_write() -> str:
    """ "" when a row could really be written and taken back, else what was wrong."""
    with transaction.atomic():
        Session.objects.create(
            session_key=f"readyz-{secrets.token_hex(8)}",
            session_data="",
            expire_date=timezone.now() + timedelta(minutes=1),
        )
        transaction.set_rollback(True)
    return ""


def check_migrations() -> str:
    missing = missing_migrations()
    return f"{len(missing)} migrations are missing" if missing else ""


def check_durability() -> str:
    """ "" when the database keeps what it acknowledged through a crash, else the settings that are not safe."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA journal_mode")
            journal = str(cursor.fetchone()[0])
            cursor.execute("PRAGMA synchronous")
            return sqlite_trouble(journal, int(cursor.fetchone()[0]))
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(POSTGRES_SAFE)])
        return postgres_trouble(dict(cursor.fetchall()))


def postgres_trouble(found: dict[str, str]) -> str:
    """The settings that risk acknowledged rows, as "name=value", joined."""
    return ", ".join(f"{name}={found.get(name)}" for name, safe in POSTGRES_SAFE.items() if found.get(name) not in safe)


def sqlite_trouble(journal: str, synchronous: int) -> str:
    trouble = [] if journal == "wal" else [f"journal_mode={journal}"]
    if synchronous < 2:
        trouble.append(f"synchronous={SQLITE_SYNCHRONOUS[synchronous]}")
    return ", ".join(trouble)


def check_redis() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.RedisError:
        return "not reachable; live screens poll instead"
    finally:
        client.close()
    return ""


def check_worker() -> str:
    """Whether anybody does background work; doors need nobody to."""
    seen = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if seen is None:
        return "no worker runs; `manage.py serve` or `manage.py work` starts one"
    silent = timezone.now() - seen
    return "" if silent < WORKER_SILENT else f"no worker has been heard of for {silent // timedelta(minutes=1)} minutes"


def _ask(name: str, question: Callable[[], str], *, needed: bool = True) -> Check:
    started = perf_counter()
    try:
        trouble = question()
    except Error as error:
        # The database's own words may name hosts and users.
        trouble = f"{FAILED} ({type(error).__name__})"
    return Check(name, not trouble, trouble or "ok", round((perf_counter() - started) * 1000, 1), needed)


def readiness() -> list[Check]:
    """Every check, in order. Redis and the worker are reported, but the doors work without them."""
    checks: list[Check] = []
    for name, question in (("write", check_write), ("migrations", check_migrations), ("durability", check_durability)):
        # Each question to a database that is away takes seconds, and a probe does not wait that long.
        away = any(check.detail.startswith(FAILED) for check in checks)
        checks.append(Check(name, False, "not asked", 0.0) if away else _ask(name, question))
    if settings.REDIS_URL:
        checks.append(_ask("redis", check_redis, needed=False))
    if not any(check.detail.startswith((FAILED, "not asked")) for check in checks):
        checks.append(_ask("worker", check_worker, needed=False))
    return checks


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when check-ins can be taken and will be kept, else 503 with what is missing."""
    checks = readiness()
    ready = all(check.ok for check in checks if check.needed)
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {check.name: {"ok": check.ok, "detail": check.detail, "ms": check.milliseconds} for check in checks},
    }
    response = JsonResponse(body, status=200 if ready else 503)
    if not ready:
        response["Retry-After"] = "5"
    return response


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text for administrators and for whoever holds METRICS_TOKEN; for others it does not exist."""
    if not _may_read_metrics(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    if given:
        expected = f"Bearer {settings.METRICS_TOKEN}"
        return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), expected.encode())
    return request_actor(request).role is Role.ADMINISTRATOR
