"""Stylesheets and scripts as a page needs them to appear after one round trip.

A stylesheet stands inside the page and is allowed by the SHA-256 of its text in that page's Content-Security-Policy, so
the policy stays as strict as one that allows files only: no other text is accepted (docs/decisions/0022).
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponseBase
from django.templatetags.static import static

# A string or a comment, whichever begins first: what looks like a comment inside a string is none.
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|(?P<comment>/\*.*?\*/)', re.DOTALL)
_ADDRESS = re.compile(r'url\("(?P<address>[^"]+)"\)')
_IMPORT = re.compile(r'^(?:import|export)\s(?:[^"\';=()]*\sfrom\s*)?"(?P<path>\.{1,2}/[^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A stylesheet as it stands inside a page, and what the page's policy has to say to allow it."""

    text: str
    source: str


def sheet(name: str) -> Sheet:
    """The stylesheet `name` (as {% static %} takes it). Raises FileNotFoundError."""
    return _read_sheet(name) if settings.DEBUG else _kept_sheet(name)


def imports_of(name: str) -> tuple[str, ...]:
    """Every module that `name` imports by a statement, directly or not, each once, in the order they are met.

    What is imported while the page runs (`import("…")`) is left out: it comes when it is needed.
    """
    return _read_imports(name) if settings.DEBUG else _kept_imports(name)


class PagePolicyMiddleware(CSPMiddleware):
    """The policy of the settings, and the hashes of the stylesheets that stand inside this page."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        sources = getattr(request, "_style_sources", None)
        if sources:
            update: dict[str, Any] = dict(parts.update or {})
            update["style-src"] = [*update.get("style-src", ()), *sources]
            parts.update = update
        return parts


def allow_sheet(request: HttpRequest, found: Sheet) -> None:
    """Let the answer to `request` carry this stylesheet inside the page."""
    sources: dict[str, None] = request.__dict__.setdefault("_style_sources", {})
    sources[found.source] = None


def _read_sheet(name: str) -> Sheet:
    text = condensed(_source(name), posixpath.dirname(name))
    if "</" in text:
        raise ValueError(f"{name} holds “</”, which would end the page's style element.")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Sheet(text, f"'sha256-{digest}'")


_kept_sheet = cache(_read_sheet)


def condensed(css: str, folder: str) -> str:
    """The stylesheet of `folder` without comments and indentation, its addresses as a page can use them."""
    text = _STRING_OR_COMMENT.sub(lambda piece: "" if piece["comment"] else piece[0], css)
    return "\n".join(line.strip() for line in _absolute(text, folder).splitlines() if line.strip())


def _absolute(text: str, folder: str) -> str:
    def change(found: re.Match[str]) -> str:
        address = found["address"]
        if address.startswith(("data:", "/", "#")):
            return found[0]
        return f'url("{static(posixpath.normpath(posixpath.join(folder, address)))}")'

    return _ADDRESS.sub(change, text)


def _read_imports(name: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    _follow(name, found)
    return tuple(found)


_kept_imports = cache(_read_imports)


def _follow(name: str, found: dict[str, None]) -> None:
    for statement in _IMPORT.finditer(_source(name)):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), statement["path"]))
        if path not in found:
            found[path] = None
            _follow(path, found)


def _source(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(f"There is no static file {name}.")
    return Path(path).read_text()
