"""Saved views of the data browser: keeping what is asked for, opening it again, renaming, sharing, deleting."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from attendance import savedviews
from attendance.databrowser.asked import DataForm
from attendance.models import SavedView
from attendance.savedforms import ViewForm
from attendance.views.databrowser import reader
from checkin_project.platform.access import Actor


@require_http_methods(["GET", "HEAD", "POST"])
def views(request: HttpRequest) -> HttpResponse:
    """GET lists one's own views and what colleagues share; POST keeps the question of `query` under a name."""
    actor = reader(request)
    if request.method != "POST":
        return _list(request, actor, ViewForm())
    form = ViewForm(request.POST)
    query = _known(request.POST.get("query", ""), actor)
    if query is None:
        form.add_error(None, _("This view is too long or cannot be read any more. Please set the filters again."))
    if not form.is_valid() or query is None:
        return _list(request, actor, form, query=query or "", status=400)
    asked = form.cleaned_data
    try:
        view, is_new = savedviews.save(asked["name"], query, is_shared=asked["is_shared"], by=actor, at=timezone.now())
    except savedviews.TooMany:
        form.add_error(None, _("You have a hundred views already. Please delete one first."))
        return _list(request, actor, form, query=query, status=409)
    said = _("Saved as “%(name)s”.") if is_new else _("“%(name)s” was replaced.")
    messages.success(request, said % {"name": view.name})
    return redirect(_address(view))


@require_http_methods(["GET", "HEAD", "POST"])
def view(request: HttpRequest, pk: int) -> HttpResponse:
    """GET opens the view; POST changes one's own, or with `act=delete` deletes it."""
    actor = reader(request)
    seen = SavedView.objects.visible_to(actor)
    if request.method != "POST":
        return redirect(_address(get_object_or_404(seen, pk=pk)))
    own = get_object_or_404(seen, pk=pk, owner_id=actor.user_id)
    if request.POST.get("act") == "delete":
        own.delete()
        messages.success(request, _("“%(name)s” was deleted.") % {"name": own.name})
        return redirect("attendance:saved-views")
    form = ViewForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            savedviews.change(own, asked["name"], is_shared=asked["is_shared"], at=timezone.now())
        except savedviews.NameTaken:
            form.add_error("name", _("You have a view of this name already."))
        else:
            messages.success(request, _("“%(name)s” was changed.") % {"name": asked["name"]})
            return redirect("attendance:saved-views")
    return _list(request, actor, form, changing=own.pk, status=400)


def _known(query: str, actor: Actor) -> str | None:
    """The question as an address has it, without what is none; None for what cannot be understood."""
    if len(query) > SavedView.MOST_QUERY:
        return None
    data = QueryDict(query)
    form = DataForm(data, by=actor)
    found = form.asked(data).query() if form.is_valid() else None
    return found if found is None or len(found) <= SavedView.MOST_QUERY else None


def _address(view: SavedView) -> str:
    return f"{reverse('attendance:data')}?{view.query}" if view.query else reverse("attendance:data")


def _list(
    request: HttpRequest, actor: Actor, form: ViewForm, *, query: str = "", changing: int = 0, status: int = 200
) -> HttpResponse:
    found = savedviews.views_of(actor)
    lines = [
        (each, form if each.pk == changing else ViewForm(initial={"name": each.name, "is_shared": each.is_shared}))
        for each in found
        if each.owner_id == actor.user_id
    ]
    context = {
        "own": lines,
        "shared": [each for each in found if each.owner_id != actor.user_id],
        "form": form if form.is_bound and not changing else None,
        "query": query,
    }
    return render(request, "attendance/saved_views.html", context, status=status)
