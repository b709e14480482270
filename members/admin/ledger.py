"""The ledger of points: lines are added with a reason, never changed and never deleted."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin import ExportPages, RuleAddAdmin, Shape
from checkin_project.platform.text import clean_text
from members import exports, loyalty
from members.models import LoyaltyEntry, Member

MOST_POINTS = 100_000


class PointsForm(forms.Form):
    """Points given or taken by hand. A redemption never takes the balance below zero."""

    member = forms.ModelChoiceField(
        Member.objects.none(),
        label=gettext_lazy("Member"),
        widget=AutocompleteSelect(LoyaltyEntry._meta.get_field("member"), admin.site),
    )
    points = forms.IntegerField(
        label=gettext_lazy("Points"),
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=gettext_lazy("Negative to take points away."),
    )
    description = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("The member can read this.")
    )

    def clean_description(self) -> str:
        text = clean_text(self.cleaned_data["description"], max_length=200)
        if not text:
            raise ValidationError(_("Enter a reason."), code="required")
        return text

    def clean_points(self) -> int:
        points = int(self.cleaned_data["points"])
        if points == 0:
            raise ValidationError(_("Enter a number other than zero."), code="zero")
        return points


@admin.register(LoyaltyEntry)
class LoyaltyEntryAdmin(ExportPages, RuleAddAdmin):
    view_needs = add_needs = Permission.MEMBERS
    export_needs = Permission.MEMBERS
    export_shapes = (Shape("loyalty", gettext_lazy("Points"), exports.loyalty_table),)
    rule_form = PointsForm
    rule_fieldsets = ((None, {"fields": ("member", "points", "description")}),)
    rule_title = gettext_lazy("Give or take points")
    list_display = ["member", "points", "description", "tier", "issued_at", "expires_at"]
    list_filter = ["tier"]
    list_select_related = ["member"]
    date_hierarchy = "issued_at"
    search_fields = ["member__last_name__istartswith", "member__v_number__iexact", "description__istartswith"]
    fields = ["member", "points", "description", "tier", "reward", "issued_at", "expires_at", "reference"]
    group_path = "member__group_memberships__group_id"

    def groups_of(self, obj: Any) -> list[int]:
        return list(obj.member.group_memberships.values_list("group_id", flat=True))

    def limited_to_groups(self, rows: Any, groups: list[int]) -> Any:
        linked = Member.objects.filter(group_memberships__group_id__in=groups)
        return rows.filter(member__in=linked.order_by().values("pk"))

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        # Points count in every group.
        return request_actor(request).may(Permission.MEMBERS)

    def build_rule_form(self, request: HttpRequest, data: Any) -> forms.Form:
        form = super().build_rule_form(request, data)
        field = cast("forms.ModelChoiceField[Member]", form.fields["member"])
        field.queryset = Member.objects.visible_to(request_actor(request))
        return form

    def apply_rule(self, request: HttpRequest, form: forms.Form) -> HttpResponse | None:
        given = form.cleaned_data
        member, points, at = given["member"], given["points"], timezone.now()
        try:
            if points > 0:
                loyalty.award(member.pk, points, description=given["description"], at=at)
            else:
                loyalty.redeem(member.pk, -points, reward=given["description"], at=at)
        except loyalty.NotEnoughPoints as refusal:
            form.add_error("points", str(refusal))
            return None
        self.message_user(
            request,
            _("%(name)s now has %(points)d points.")
            % {"name": member.full_name, "points": loyalty.balance(member.pk, at=at)},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:members_loyaltyentry_changelist"))
