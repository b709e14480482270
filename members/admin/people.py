"""Members and their passes. The app above extends MemberAdmin with what it knows of a member and registers it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import (
    ExportPages,
    HistoryAdmin,
    ImportPages,
    Question,
    Shape,
    ask,
    done,
)
from checkin_project.platform.text import words
from members import exports
from members.admin.passes import PassActions, PassInline
from members.models import Member, MemberWord
from members.standing import set_status


class MemberAdmin(ImportPages, ExportPages, PassActions, HistoryAdmin):
    import_kind = "members"
    view_needs = Permission.SEARCH
    add_needs = change_needs = delete_needs = Permission.MEMBERS
    # Only says that groups matter; a member belongs to many, see the two methods below.
    group_path = "group_memberships"
    export_needs = Permission.MEMBERS
    export_shapes = (
        Shape("members", gettext_lazy("Members"), exports.table, gettext_lazy("as the import reads them")),
        Shape("members_full", gettext_lazy("All fields"), exports.full_table, gettext_lazy("to look at or work with")),
    )
    list_display = ["full_name", "v_number", "student_email", "classification", "status", "created_at"]
    list_filter = ["status", "classification", "kiosk_hidden", "is_minor"]
    search_fields = ["last_name"]
    search_help_text = gettext_lazy("Beginning of a name, V-number, card number, e-mail address or legacy id")
    ordering = ["last_name", "first_name", "id"]
    readonly_fields = ["created_at", "updated_at"]
    inlines = [PassInline]
    actions = ["block", "unblock", "issue_pass", "reissue_pass", "revoke_pass", "print_cards"]
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), "status")}),
        (gettext_lazy("How to recognise them"), {"fields": ("v_number", "card_number", "legacy_id")}),
        (gettext_lazy("Contact"), {"fields": ("student_email", "personal_email", "phone")}),
        (gettext_lazy("Studies"), {"fields": ("classification", "major")}),
        (gettext_lazy("Privacy"), {"fields": ("kiosk_hidden", "is_minor")}),
        (gettext_lazy("From older spreadsheets"), {"classes": ("collapse",), "fields": ("extra",)}),
        (gettext_lazy("Dates"), {"classes": ("collapse",), "fields": ("created_at", "updated_at")}),
    )

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, member: Member) -> str:
        return member.full_name

    # --- Whose they are: a member may be linked to several groups -------------------------------

    def groups_of(self, obj: Any) -> list[int]:
        return list(obj.group_memberships.values_list("group_id", flat=True)) if obj.pk else []

    def limited_to_groups(self, rows: Any, groups: list[int]) -> Any:
        linked = Member.objects.filter(group_memberships__group_id__in=groups)
        return rows.filter(pk__in=linked.order_by().values("pk"))

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        # Group staff gain members by their coming; a member linked to no group would be out of their sight.
        return request_actor(request).may(Permission.MEMBERS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request_actor(request).may(Permission.MEMBERS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(self.readonly_fields)
        # Blocking reaches every group, so it takes a role that does.
        return fields if request_actor(request).may(Permission.MEMBERS) else [*fields, "status"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Every word must begin a word of the name, or the whole text be a number, e-mail or id; all by index."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        exact = Q(v_number__in={typed.upper(), f"V{typed}"}) | Q(legacy_id=typed) | Q(card_number=typed)
        if "@" in typed:
            exact |= Q(student_email__startswith=typed.lower()) | Q(personal_email__startswith=typed.lower())
        named = Q()
        for word in words(typed):
            having = MemberWord.objects.filter(word__startswith=word[: MemberWord.LENGTH])
            named &= Q(pk__in=having.values("member_id"))
        return queryset.filter(exact | named if named else exact), False

    def offered_actions(self, obj: Any) -> tuple[str, ...]:
        return (
            *(["unblock"] if obj.status != Member.Status.ACTIVE else []),
            *(["block"] if obj.status != Member.Status.BLOCKED else []),
            *self.pass_actions_for(obj),
        )

    # --- Actions --------------------------------------------------------------------------------

    def has_house_permission(self, request: HttpRequest) -> bool:
        return request_actor(request).may(Permission.MEMBERS)

    @admin.action(description=gettext_lazy("block …"), permissions=["house"])
    def block(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        question = Question(
            title=_("Block these members?"),
            explanation=_("No door lets them in until they are unblocked. Nothing is deleted."),
            button=_("Block"),
            is_dangerous=True,
        )
        return self._set_status(request, queryset, question, Member.Status.BLOCKED)

    @admin.action(description=gettext_lazy("make an active member …"), permissions=["house"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse:
        question = Question(
            title=_("Make these people active members?"),
            explanation=_("Blocked people may come in again, and provisional ones become members."),
            button=_("Make active"),
        )
        return self._set_status(request, queryset, question, Member.Status.ACTIVE)

    def _set_status(
        self, request: HttpRequest, queryset: QuerySet[Member], question: Question, status: Member.Status
    ) -> HttpResponse:
        answer = ask(self, request, queryset, question)
        if isinstance(answer, HttpResponse):
            return answer
        count = sum(set_status(member, status) for member in queryset)
        message = ngettext("%(count)d member changed.", "%(count)d members changed.", count) % {"count": count}
        return done(self, request, message, messages.SUCCESS)
