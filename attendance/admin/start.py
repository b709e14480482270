"""The start page's parts, in their order."""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from attendance.startpage import needs_attention, todays_events
from checkin_project.platform.access import request_actor
from checkin_project.platform.admin import import_panel, upkeep_panel
from checkin_project.platform.admin.storing import exports_panel
from checkin_project.platform.adminsite import Panel, SiteAdmin

site = cast("SiteAdmin", admin.site)


@site.add_panel
def today_panel(request: HttpRequest) -> Panel:
    return Panel("admin/_today.html", {"events": todays_events(request_actor(request), at=timezone.now())})


@site.add_panel
def waiting_panel(request: HttpRequest) -> Panel:
    return Panel("admin/_waiting.html", {"waiting": needs_attention(request_actor(request), at=timezone.now())})


site.add_panel(import_panel)
site.add_panel(upkeep_panel)
site.add_panel(exports_panel)
