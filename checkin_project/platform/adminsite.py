"""The product's own admin site: who may enter, what it is called, and what its start page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.loader import TemplateDoesNotExist, select_template
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import actor_for, request_actor


class StaffSignInForm(AuthenticationForm):
    """Name and password of somebody who has a role somewhere."""

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not actor_for(user).is_staff:
            raise ValidationError(_("This account has no role yet. Ask an administrator for one."), code="no_role")


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the start page: a template and the values it shows."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


PanelSource = Callable[[HttpRequest], Panel | None]


class SiteAdmin(AdminSite):
    """Open to everybody with a role; what they see inside follows from `platform.admin.VisibleAdmin`."""

    index_title = gettext_lazy("Today")
    login_form = StaffSignInForm

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.site_header = self.site_title = settings.SITE_NAME
        self.panel_sources: list[PanelSource] = []
        # Deleting is a rare, single act with its own page; in bulk people cancel, hide, block or revoke.
        self.disable_action("delete_selected")

    def add_panel(self, source: PanelSource) -> PanelSource:
        """Show what `source` returns on the start page (None: nothing). Higher apps add theirs; usable as decorator."""
        self.panel_sources.append(source)
        return source

    def has_permission(self, request: HttpRequest) -> bool:
        return request_actor(request).is_staff

    def get_urls(self) -> list[URLResolver | URLPattern]:
        # The "view on site" short cut would tell which foreign records exist.
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            self.login_template = select_template(["registration/login.html"]).template.name
        except TemplateDoesNotExist:
            self.login_template = "admin/login.html"
        return super().login(request, extra_context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        panels = [panel for source in self.panel_sources if (panel := source(request)) is not None]
        return super().index(request, {"panels": panels} | (extra_context or {}))
