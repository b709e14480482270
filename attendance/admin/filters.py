"""Filters that attendance and scans share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import request_actor
from events.models import Event

OFFERED = 15
SOON = timedelta(days=1)


class EventFilter(admin.SimpleListFilter):
    """The latest events, and the chosen one; there are far too many for a list of all."""

    title = gettext_lazy("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name, "")
        wanted = Q(starts_at__lt=timezone.now() + SOON)
        first: Any = Value(0)
        if chosen.isdigit() and len(chosen) < 19:
            wanted |= Q(pk=chosen)
            first = Case(When(pk=chosen, then=0), default=1, output_field=IntegerField())
        events = Event.objects.visible_to(request_actor(request)).filter(wanted)
        return [
            (str(event.pk), f"{event.name}, {date_format(event.local_start, 'SHORT_DATE_FORMAT')}")
            for event in events.order_by(first, "-starts_at", "-pk")[:OFFERED]
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if not chosen:
            return queryset
        return queryset.filter(event_id=chosen) if chosen.isdigit() and len(chosen) < 19 else queryset.none()
