"""Pages between a click and its effect: confirmations, and forms that go through a rule instead of saving a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from checkin_project.platform.admin.visible import VisibleAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an action: a title, what will happen, the button's words, and fields to fill in."""

    title: str
    explanation: str
    button: str
    form: type[forms.Form] = forms.Form
    is_dangerous: bool = False


def ask(page: VisibleAdmin, request: HttpRequest, rows: QuerySet[Any], question: Question) -> forms.Form | HttpResponse:
    """The confirmed form, or the page that asks. `rows` are what the action is about."""
    confirmed = "confirmed" in request.POST
    form = question.form(request.POST if confirmed else None)
    if confirmed and form.is_valid():
        return form
    count = rows.count()
    context = page.admin_site.each_context(request) | {
        "title": question.title,
        "question": question,
        "form": form,
        "opts": page.model._meta,
        "media": page.media + form.media,
        "rows": list(rows[:SHOWN]),
        "count": count,
        "more": max(0, count - SHOWN),
        "hidden": _kept(request),
        "back": back_to(page, request),
    }
    return TemplateResponse(request, "admin/question.html", context)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What the changelist needs to find the same action and rows again."""
    names = ("action", "select_across", "from_object", helpers.ACTION_CHECKBOX_NAME)
    return [(name, value) for name in names for value in request.POST.getlist(name)]


def back_to(page: VisibleAdmin, request: HttpRequest) -> str:
    """Where the action was chosen: the record's own page, or the list as it was filtered."""
    selected = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
    meta = page.model._meta
    if request.POST.get("from_object") and len(selected) == 1 and selected[0].isdigit():
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[selected[0]])
    return request.get_full_path()


def done(page: VisibleAdmin, request: HttpRequest, message: str, level: int) -> HttpResponse:
    """Say what happened, back where the action was chosen."""
    page.message_user(request, message, level)
    return HttpResponseRedirect(back_to(page, request))


class RuleAddAdmin(VisibleAdmin):
    """The "Add" page as a plain form whose values go through a rule; nothing is saved past it."""

    rule_form: type[forms.Form]
    rule_fieldsets: tuple[tuple[str | None, dict[str, Any]], ...]
    rule_title: Any = ""

    def build_rule_form(self, request: HttpRequest, data: Any) -> forms.Form:
        return self.rule_form(data, initial=self.get_changeform_initial_data(request))

    def apply_rule(self, request: HttpRequest, form: forms.Form) -> HttpResponse | None:
        """Do it and answer; or put the refusal on the form (`form.add_error`) and return None."""
        raise NotImplementedError

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.build_rule_form(request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            answer = self.apply_rule(request, form)
            if answer is not None:
                return answer
        shown = helpers.AdminForm(form, list(self.rule_fieldsets), {}, model_admin=self)  # type: ignore[arg-type]
        context = self.admin_site.each_context(request) | {
            "title": self.rule_title or _("Add %(name)s") % {"name": self.opts.verbose_name},
            "opts": self.opts,
            "adminform": shown,
            "errors": form.errors,
            "media": self.media + form.media,
            "has_view_permission": self.has_view_permission(request),
        }
        return TemplateResponse(request, "admin/rule_form.html", context | (extra_context or {}))


def show_once(
    page: VisibleAdmin, request: HttpRequest, *, title: str, explanation: str, secret: str, back: str
) -> HttpResponse:
    """A page with a secret that is in no address, no session and no log, and that no cache keeps."""
    context = page.admin_site.each_context(request) | {
        "title": title,
        "explanation": explanation,
        "secret": secret,
        "back": back,
        "opts": page.model._meta,
    }
    response = TemplateResponse(request, "admin/secret_once.html", context)
    response["Cache-Control"] = "no-store"
    return response
