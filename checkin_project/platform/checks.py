"""System checks for what Django cannot see; `manage.py check --deploy` runs them."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

METRICS_TOKEN_LENGTH = 32


@register(Tags.security, deploy=True)
def check_site_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Links in QR codes and mail are made from SITE_URL, and cookies are only safe over https."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    found: list[CheckMessage] = []
    if not settings.SITE_URL.startswith("https://"):
        found.append(checks.Warning("SITE_URL does not begin with https://.", hint="Set SITE_URL.", id="checkin.W001"))
    if host == "localhost" or _is_loopback(host):
        found.append(checks.Warning("SITE_URL names this machine only.", hint="Set SITE_URL.", id="checkin.W002"))
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@register(Tags.security, deploy=True)
def check_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        return [checks.Warning("ALLOWED_HOSTS allows every name.", hint="Name each host.", id="checkin.W003")]
    return []


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy the addresses of clients, and whether they use https, are known only through TRUSTED_PROXIES."""
    redirects = getattr(settings, "SECURE_SSL_REDIRECT", False)
    if redirects and not settings.TRUSTED_PROXIES:
        return [
            checks.Warning(
                "Nothing tells whether a request came over https: this process itself speaks http only.",
                hint="Set TRUSTED_PROXIES to the number of proxies in front, usually 1.",
                id="checkin.W004",
            )
        ]
    return []


@register(Tags.database, deploy=True)
def check_sqlite(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.SQLITE:
        return []
    command = str(settings.DATABASES["default"]["OPTIONS"].get("init_command", "")).lower()
    if "synchronous=full" in command and "journal_mode=wal" in command:
        return []
    return [
        checks.Warning(
            "SQLite may lose acknowledged check-ins in a power cut.",
            hint="Keep journal_mode=WAL and synchronous=FULL.",
            id="checkin.W005",
        )
    ]


@register(Tags.security, deploy=True)
def check_metrics_token(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if 0 < len(settings.METRICS_TOKEN) < METRICS_TOKEN_LENGTH:
        return [
            checks.Warning(
                "METRICS_TOKEN can be guessed.",
                hint=f"Use at least {METRICS_TOKEN_LENGTH} random characters, or leave it empty.",
                id="checkin.W006",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_demo(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEMO:
        return [checks.Warning("DEMO is on.", hint="Set DEMO=false.", id="checkin.W007")]
    return []
