"""The JSON API's way to its views: without what only pages need.

A program shows a key with every request. Sessions, forms' tokens, messages, the policy for scripts and the like have
nothing to do there, but would take a fifth of a check-in's time (docs/decisions/0009-a-short-way-for-the-api.md).
"""

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

PREFIX = "/api/"
# Its pages for people are pages like any other.
PAGES = "/api/docs"


def is_api(path: str) -> bool:
    """Does this path lead to a program's door?"""
    return path.startswith(PREFIX) and not path.startswith(PAGES)


class ApiHandler(WSGIHandler):
    """Django's handler with settings.API_MIDDLEWARE instead of settings.MIDDLEWARE."""

    def load_middleware(self, is_async: bool = False) -> None:
        for_pages = settings.MIDDLEWARE
        # Django reads the list from the settings and only here, once, when the process starts.
        settings.MIDDLEWARE = settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = for_pages
