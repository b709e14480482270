"""API keys: made and revoked by administrators; the secret is shown once."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkin_project.platform.access import Permission, Scope, request_actor
from checkin_project.platform.admin import DateAndTime, Question, RuleAddAdmin, ask, done, show_once
from members.keys import create_key, revoke
from members.models import ApiKey


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("The program that will use it.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    event_code = forms.CharField(
        label=gettext_lazy("Only for event"),
        max_length=8,
        required=False,
        help_text=gettext_lazy("An event's code. Empty: every event."),
    )
    expires_at = forms.SplitDateTimeField(
        label=gettext_lazy("Expires"),
        required=False,
        widget=DateAndTime,
        help_text=gettext_lazy("Empty: never."),
    )

    def clean_event_code(self) -> str:
        return str(self.cleaned_data["event_code"]).strip().upper()


@admin.register(ApiKey)
class ApiKeyAdmin(RuleAddAdmin):
    view_needs = add_needs = change_needs = Permission.KEYS
    rule_form = KeyForm
    rule_fieldsets = ((None, {"fields": ("name", "scopes", "event_code", "expires_at")}),)
    rule_title = gettext_lazy("Make an API key")
    list_display = ["name", "prefix", "allowed", "event_code", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix"]
    readonly_fields = [
        "name",
        "prefix",
        "allowed",
        "event_code",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    fields = tuple(readonly_fields)
    actions = ["revoke_keys"]

    @admin.display(description=gettext_lazy("may"))
    def allowed(self, key: ApiKey) -> str:
        return ", ".join(str(Scope(scope).label) for scope in key.scopes if scope in Scope.values)

    def offered_actions(self, obj: ApiKey) -> tuple[str, ...]:
        return ("revoke_keys",) if obj.revoked_at is None else ()

    def apply_rule(self, request: HttpRequest, form: forms.Form) -> HttpResponse | None:
        given = form.cleaned_data
        try:
            key, secret = create_key(
                given["name"],
                given["scopes"],
                by_user_id=request_actor(request).user_id,
                event_code=given["event_code"],
                expires_at=given["expires_at"],
            )
        except ValidationError as error:
            form.add_error(None, error)
            return None
        self.log_addition(request, key, [{"added": {}}])
        return show_once(
            self,
            request,
            title=_("Key “%(name)s” is ready") % {"name": key.name},
            explanation=_("Copy the secret now: it cannot be shown again. Whoever has it can act in its name."),
            secret=secret,
            back=reverse("admin:members_apikey_changelist"),
        )

    @admin.action(description=gettext_lazy("revoke …"), permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        question = Question(
            title=_("Revoke these keys?"),
            explanation=_("Programs that use them are refused with the next request. This cannot be undone."),
            button=_("Revoke"),
            is_dangerous=True,
        )
        answer = ask(self, request, queryset, question)
        if isinstance(answer, HttpResponse):
            return answer
        keys = list(queryset.filter(revoked_at__isnull=True))
        for key in keys:
            revoke(key, at=timezone.now())
        message = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", len(keys)) % {"count": len(keys)}
        return done(self, request, message, messages.SUCCESS)
