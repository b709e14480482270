"""The page of a pass, for whoever holds its link: the code to show, the name, and the next event."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from checkin_project.platform import qr
from checkin_project.platform.limits import allow
from checkin_project.platform.requests import client_address
from members import coming, passes
from members.models import Pass

# A whole campus may stand behind one address; codes of 130 bits need no protection from guessing.
OPENINGS_PER_MINUTE = 1200
# The address is the key: no cache keeps it, no other site hears of it, no search engine lists it.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
# Pixels per module of the picture to keep: large enough to be shown and printed, small enough to be sent.
PIXELS = 24

View = Callable[[HttpRequest, Pass, str], HttpResponse]


def for_holder(view: View) -> Callable[..., HttpResponse]:
    """The view of a valid pass and its code; every other address explains itself. Changes nothing."""

    @login_not_required
    @require_safe
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        response = _answer(view, request, token)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return guarded


def _answer(view: View, request: HttpRequest, token: str) -> HttpResponse:
    if not allow(f"pass:{client_address(request)}", limit=OPENINGS_PER_MINUTE, seconds=60):
        response = render(request, "members/pass_gone.html", {"why": "busy"}, status=429)
        response.headers["Retry-After"] = "60"
        return response
    found = passes.find(token)
    if found is None:
        return render(request, "members/pass_gone.html", {"why": "unknown"}, status=404)
    if not found.is_valid:
        why = "replaced" if passes.is_replaced(found) else "revoked"
        return render(request, "members/pass_gone.html", {"why": why}, status=410)
    return view(request, found, passes.normalise(token))


@for_holder
def pass_page(request: HttpRequest, found: Pass, code: str) -> HttpResponse:
    context = {
        "name": passes.name_on(found.member),
        "code": code,
        "in_fours": passes.in_fours(code),
        "qr": qr.drawing(code),
        "coming": coming.next_for(found.member, at=timezone.now()),
    }
    return render(request, "members/pass.html", context)


@for_holder
def svg_file(request: HttpRequest, found: Pass, code: str) -> HttpResponse:
    return _file(found, qr.svg(code, correction=qr.PRINT), "image/svg+xml", "svg")


@for_holder
def png_file(request: HttpRequest, found: Pass, code: str) -> HttpResponse:
    return _file(found, qr.png(code, correction=qr.PRINT, scale=PIXELS), "image/png", "png")


def _file(found: Pass, body: str | bytes, content_type: str, ending: str) -> HttpResponse:
    """To keep, under a name by which it is found again."""
    name = slugify(f"{_('Pass')} {passes.name_on(found.member)}", allow_unicode=True)
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.{ending}")
    return HttpResponse(body, content_type=content_type, headers={"Content-Disposition": str(disposition)})
