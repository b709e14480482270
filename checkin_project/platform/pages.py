"""What every page shares: names and links for templates, and answers that need no database."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from checkin_project.platform.navigation import navigation_for


def site(request: HttpRequest) -> dict[str, object]:
    """Template context: what the site is called, whether it runs with demo data, and where the reader may go.

    `navigation` is worked out when a template walks through it, so a page without it asks the database nothing.
    """
    return {
        "SITE_NAME": settings.SITE_NAME,
        "SITE_URL": settings.SITE_URL,
        "DEMO": settings.DEMO,
        "navigation": SimpleLazyObject(lambda: navigation_for(request)),
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/csrf.html", status=403)


def error_answer(request: HttpRequest, status: int) -> HttpResponse:
    """The product's own answer for 400, 403, 404 or 500: JSON below /api/, a page elsewhere.

    Neither database, session nor context processor is needed.
    """
    if request.path.startswith("/api/"):
        code, message = {
            400: ("bad_request", _("The request could not be read. Nothing was changed.")),
            403: ("forbidden", _("This is not allowed with the key or sign-in that was used.")),
            404: ("not_found", _("There is nothing at this address.")),
            500: ("server_error", _("Something broke while answering. It has been written down.")),
        }[status]
        return JsonResponse({"error": {"code": code, "message": message}}, status=status)
    page = loader.get_template(f"errors/{status}.html").render({"SITE_NAME": settings.SITE_NAME})
    return HttpResponse(page, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, 403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_answer(request, 500)
