"""Passes in the admin: issued, reissued, revoked and printed from the list of members or the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import ExportPages, Question, ReadOnlyInline, Shape, VisibleAdmin, ask, done
from members import cards, exports, passes
from members.models import Member, Pass

_LOGGED_AT_ONCE = 1000


def page_url(code: str) -> str:
    """Address of a pass's page, to be sent to its member."""
    return f"{settings.SITE_URL}{reverse('members:pass', args=[code])}"


def _log(request: HttpRequest, changed: Sequence[Pass], flag: int, message: str) -> None:
    """Who did it, on the history page of each pass. One statement for each thousand."""
    for start in range(0, len(changed), _LOGGED_AT_ONCE):
        some = cast("QuerySet[Any]", changed[start : start + _LOGGED_AT_ONCE])
        LogEntry.objects.log_actions(cast("int", request_actor(request).user_id), some, flag, message)


class PassInline(ReadOnlyInline):
    model = Pass
    fields = ("issued_at", "revoked_at")
    readonly_fields = ("issued_at", "revoked_at")
    verbose_name_plural = gettext_lazy("passes")


class PassActions(VisibleAdmin):
    """What can be done about the passes of chosen members; `change_needs` says by whom."""

    def pass_actions_for(self, member: Member) -> tuple[str, ...]:
        """Names of the actions that make sense for this member."""
        has_pass = member.passes.valid().exists()
        if member.status == Member.Status.BLOCKED:
            return ("revoke_pass",) if has_pass else ()
        return ("reissue_pass", "revoke_pass", "print_cards") if has_pass else ("issue_pass",)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        member = context.get("original")
        if member is not None and self.has_change_permission(request, member):
            valid = member.passes.valid().first()
            code = passes.code_of(valid) if valid else ""
            context |= {"pass_url": page_url(code) if code else "", "pass_unshowable": valid is not None and not code}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=gettext_lazy("issue a pass …"), permissions=["change"])
    def issue_pass(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        if not request.POST.get("from_object"):  # One pass more harms nobody; hundreds by mistake are a nuisance.
            question = Question(
                title=_("Issue a pass?"),
                explanation=_("Whoever has a valid pass keeps it, and blocked members get none; the others get one."),
                button=_("Issue"),
            )
            answer = ask(self, request, rows, question)
            if isinstance(answer, HttpResponse):
                return answer
        given = self._issue(request, rows)
        return self._say(
            request,
            _parts(issued=len(given.fresh), had_one=given.had_one, blocked=given.blocked),
            left_out=self._left_out(request, queryset, rows),
            is_good=bool(given.fresh),
        )

    def _issue(self, request: HttpRequest, rows: QuerySet[Member]) -> passes.Given:
        with transaction.atomic():
            given = passes.issue_many(rows, at=timezone.now())
            _log(request, given.fresh, ADDITION, _("Issued."))
        return given

    @admin.action(description=gettext_lazy("reissue the pass …"), permissions=["change"])
    def reissue_pass(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        question = Question(
            title=_("Reissue the pass?"),
            explanation=_(
                "The present pass stops working with the next scan, on cards and phones too, and a new one takes its "
                "place. Use this when a pass was lost. Blocked members get none."
            ),
            button=_("Reissue"),
            is_dangerous=True,
        )
        rows = self.allowed_rows(request, queryset)
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        with transaction.atomic():
            given = passes.reissue_many(rows, at=timezone.now())
            _log(request, given.replaced, CHANGE, _("Revoked: replaced by a new pass."))
            _log(request, given.fresh, ADDITION, _("Issued."))
        reissued = len(given.replaced)
        return self._say(
            request,
            _parts(reissued=reissued, issued=len(given.fresh) - reissued, blocked=given.blocked),
            left_out=self._left_out(request, queryset, rows),
            is_good=bool(given.fresh),
        )

    @admin.action(description=gettext_lazy("revoke the pass …"), permissions=["change"])
    def revoke_pass(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        question = Question(
            title=_("Revoke the pass?"),
            explanation=_("It stops working with the next scan. The member can still give a V-number or a name."),
            button=_("Revoke"),
            is_dangerous=True,
        )
        rows = self.allowed_rows(request, queryset)
        answer = ask(self, request, rows, question)
        if isinstance(answer, HttpResponse):
            return answer
        chosen = rows.count()
        with transaction.atomic():
            ended = passes.revoke_many(rows, at=timezone.now())
            _log(request, ended, CHANGE, _("Revoked."))
        return self._say(
            request,
            _parts(revoked=len(ended), had_none=chosen - len(ended)),
            left_out=self._left_out(request, queryset, rows),
            is_good=bool(ended),
        )

    @admin.action(description=gettext_lazy("print pass cards …"), permissions=["change"])
    def print_cards(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        rows = self.allowed_rows(request, queryset)
        count = rows.count()
        if count > cards.MOST:
            most = _("At most %(most)d cards are made at a time. Choose fewer people.") % {"most": cards.MOST}
            return done(self, request, most, messages.ERROR)
        able = rows.exclude(status=Member.Status.BLOCKED)
        missing = able.exclude(passes__in=Pass.objects.valid()).count()
        if missing or not count:
            question = Question(
                title=_("Issue the missing passes and print cards?"),
                explanation=_cards_explanation(missing),
                button=_("Issue and show the cards"),
            )
            answer = ask(self, request, rows, question)
            if isinstance(answer, HttpResponse):
                return answer
            given = self._issue(request, rows)
            parts = _parts(issued=len(given.fresh), had_one=given.had_one, blocked=given.blocked)
            self.message_user(request, _sentence(parts), messages.SUCCESS)
        choice = cards.remember(request.session, rows.order_by("pk").values_list("pk", flat=True))
        return HttpResponseRedirect(f"{reverse('members:pass-cards')}?choice={choice}")

    def _left_out(self, request: HttpRequest, chosen: QuerySet[Member], allowed: QuerySet[Member]) -> int:
        if request_actor(request).may(Permission.MEMBERS):
            return 0
        return chosen.count() - allowed.count()

    def _say(self, request: HttpRequest, parts: list[str], *, left_out: int, is_good: bool) -> HttpResponse:
        if left_out:
            parts.append(_("%(count)d not yours to change") % {"count": left_out})
        return done(self, request, _sentence(parts), messages.SUCCESS if is_good else messages.WARNING)


def _sentence(parts: list[str]) -> str:
    return f"{', '.join(parts)}." if parts else _("Nothing to do.")


def _parts(**counts: int) -> list[str]:
    """What happened to how many, without what happened to nobody: "12 issued", "3 had one already"."""
    words = {
        "issued": lambda count: ngettext("%(count)d pass issued", "%(count)d passes issued", count),
        "reissued": lambda count: ngettext("%(count)d pass reissued", "%(count)d passes reissued", count),
        "revoked": lambda count: ngettext("%(count)d pass revoked", "%(count)d passes revoked", count),
        "had_one": lambda count: ngettext("%(count)d had one already", "%(count)d had one already", count),
        "had_none": lambda count: ngettext("%(count)d had none", "%(count)d had none", count),
        "blocked": lambda count: ngettext("%(count)d blocked skipped", "%(count)d blocked skipped", count),
    }
    return [words[name](count) % {"count": count} for name, count in counts.items() if count]


def _cards_explanation(missing: int) -> str:
    said = ngettext(
        "%(count)d person has no pass yet and gets one now.",
        "%(count)d people have no pass yet and get one now.",
        missing,
    )
    return f"{said % {'count': missing}} {_('Whoever has a valid pass keeps it. Blocked members get no card.')}"


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("valid", gettext_lazy("Valid")), ("revoked", gettext_lazy("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("valid", "revoked"):
            return queryset.filter(revoked_at__isnull=self.value() == "valid")
        return queryset


@admin.register(Pass)
class PassAdmin(ExportPages, VisibleAdmin):
    export_needs = Permission.MEMBERS
    export_shapes = (
        Shape("passes", gettext_lazy("Passes"), exports.pass_table, gettext_lazy("who has one since when; no codes")),
    )
    """To look passes up and open them; the page of a member issues and revokes them."""

    view_needs = Permission.MEMBERS
    # Only says that groups matter; a member belongs to many.
    group_path = "member__group_memberships__group_id"
    list_display = ["member", "state", "issued_at", "revoked_at", "open_link"]
    list_filter = [StateFilter]
    list_select_related = ["member"]
    date_hierarchy = "issued_at"
    search_fields = ["member__last_name__istartswith", "member__v_number__iexact"]
    search_help_text = gettext_lazy("Beginning of a last name, or a V-number")
    fields = ["member", "state", "issued_at", "revoked_at", "open_link"]

    def groups_of(self, obj: Any) -> list[int]:
        return list(obj.member.group_memberships.values_list("group_id", flat=True))

    def limited_to_groups(self, rows: Any, groups: list[int]) -> Any:
        linked = Member.objects.filter(group_memberships__group_id__in=groups)
        return rows.filter(member__in=linked.order_by().values("pk"))

    @admin.display(description=gettext_lazy("state"), ordering="revoked_at")
    def state(self, pass_: Pass) -> SafeString:
        if pass_.is_valid:
            return format_html('<span class="badge badge-ongoing">{}</span>', _("Valid"))
        return format_html('<span class="badge">{}</span>', _("Revoked"))

    @admin.display(description=gettext_lazy("pass"))
    def open_link(self, pass_: Pass) -> SafeString | str:
        code = passes.code_of(pass_) if pass_.is_valid else ""
        if not code:
            return _("Cannot be shown: reissue it") if pass_.is_valid else ""
        label = _("Open the pass of %(name)s") % {"name": pass_.member}
        return format_html('<a href="{}" aria-label="{}">{}</a>', page_url(code), label, _("Open pass"))
