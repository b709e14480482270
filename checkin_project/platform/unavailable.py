"""The answer "not now, try again": made while starting, so that giving it needs no database, template or thread."""

import json
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER = "3"  # seconds
MESSAGE = "The service is busy or cannot reach its records right now. Please try again in a few seconds."
HEADERS = {
    "Retry-After": RETRY_AFTER,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'",
}


@cache
def bodies() -> dict[bool, tuple[str, bytes]]:
    """Content type and body by "is JSON wanted?"; call it once while starting."""
    error = {"error": {"code": "unavailable", "message": MESSAGE}}
    page = render_to_string("errors/503.html", {"SITE_NAME": settings.SITE_NAME})
    return {
        True: ("application/json", json.dumps(error).encode()),
        False: ("text/html; charset=utf-8", page.encode()),
    }


def wants_json(path: str, accept: str) -> bool:
    """Programs get the API's error shape, people a page."""
    return path.startswith("/api/") or "application/json" in accept


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After for a request that is already inside Django."""
    content_type, body = bodies()[wants_json(request.path, request.headers.get("Accept", ""))]
    return HttpResponse(body, status=503, content_type=content_type, headers=dict(HEADERS))
