"""Signing in and out, and the style guide."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from checkin_project.platform.styleguide import styleguide_context


class SignIn(LoginView):
    redirect_authenticated_user = True


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    """POST only. Whoever is signed out already is taken to the start page all the same."""


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every part a page is made of, on sites with demo data only."""
    if not settings.DEMO:
        raise Http404
    return render(request, "platform/styleguide.html", styleguide_context())
