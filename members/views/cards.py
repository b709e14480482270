"""Sheets of pass cards to print and cut, for those who look after members."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from checkin_project.platform.access import Permission, request_actor
from members import cards
from members.models import Member, Pass


@require_safe
def cards_page(request: HttpRequest) -> HttpResponse:
    """The cards of the people chosen in the admin, as far as they have a valid pass now. Issues none."""
    actor = request_actor(request)
    if not actor.may_somewhere(Permission.MEMBERS):
        raise PermissionDenied
    choice = request.GET.get("choice", "")
    paper = cards.PAPERS.get(request.GET.get("paper", ""), cards.PAPERS["a4"])
    ids = cards.chosen(request.session, choice)
    found = (
        Pass.objects.visible_to(actor)
        .valid()
        .filter(member_id__in=ids)
        .exclude(member__status=Member.Status.BLOCKED)
        .select_related("member")
        .order_by("member__last_name", "member__first_name", "member_id")
    )
    page = Paginator(found, paper.per_sheet * cards.SHEETS_PER_PAGE).get_page(request.GET.get("page"))
    made = [(pass_, cards.card_of(pass_)) for pass_ in page]
    context = {
        "paper": paper,
        "papers": cards.PAPERS.values(),
        "choice": choice,
        "page": page,
        "sheets": cards.sheets_of([card for _pass, card in made if card], paper),
        "unshowable": [pass_.member.full_name for pass_, card in made if card is None],
        "left_out": len(ids) - page.paginator.count,
    }
    return render(request, "members/cards.html", context)
