"""The links at the top of every page, for who is reading it."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Permission, request_actor


@dataclass(frozen=True, slots=True)
class Link:
    label: str | Promise
    url: str
    is_current: bool


# Label, URL name, and the permission it takes (somewhere) to be of use.
LINKS: tuple[tuple[str | Promise, str, Permission], ...] = (
    (_("Today"), "home", Permission.SCAN),
    (_("Dashboard"), "attendance:dashboards", Permission.SCAN),
    (_("Kiosk"), "attendance:kiosk", Permission.SCAN),
    (_("Reports"), "attendance:reports", Permission.REPORTS),
    (_("Data"), "attendance:data", Permission.REPORTS),
    (_("Devices"), "attendance:devices", Permission.DEVICES),
    (_("Admin"), "admin:index", Permission.SEARCH),
)


def navigation_for(request: HttpRequest) -> list[Link]:
    """The pages the signed-in reader may open; none for anybody else. A page that is not installed has no link."""
    actor = request_actor(request)
    links = []
    for label, name, permission in LINKS:
        if not actor.may_somewhere(permission):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        links.append(Link(label, url, is_current=request.path == url))
    return links
