"""Users: made, given a role, and switched off by administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkin_project.platform.access import Permission, Role, request_actor
from checkin_project.platform.admin.visible import VisibleAdmin
from checkin_project.platform.administrators import is_last_administrator
from checkin_project.platform.models import User

if TYPE_CHECKING:
    _UserChangeForm = UserChangeForm[User]
else:
    _UserChangeForm = UserChangeForm


class UserForm(_UserChangeForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_superuser = cleaned.get("is_superuser", self.instance.is_superuser)
        stays = cleaned.get("is_active", True) and (is_superuser or cleaned.get("role") == Role.ADMINISTRATOR)
        with transaction.atomic():
            if not stays and is_last_administrator(User(pk=self.instance.pk)):
                raise ValidationError(
                    _("This is the last administrator. Make somebody else an administrator first."), code="last"
                )
        return cleaned


@admin.register(User)
class UserAdmin(VisibleAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    view_needs = add_needs = change_needs = delete_needs = Permission.USERS
    form = UserForm
    add_form = AdminUserCreationForm
    list_display = ["username", "full_name", "email", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("May do"), {"fields": ("role", "is_active", "is_superuser")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
        (gettext_lazy("May do"), {"fields": ("role",)}),
    )

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Who could set a superuser's password could become one.
        if obj is not None and obj.is_superuser and not request_actor(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not request_actor(request).is_superuser:
            return False
        return super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(self.readonly_fields)
        return fields if request_actor(request).is_superuser else [*fields, "is_superuser"]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        user = self.get_object(request, object_id)
        with transaction.atomic():
            if user is not None and is_last_administrator(user):
                self.message_user(request, _("The last administrator cannot be deleted."), messages.ERROR)
                return HttpResponseRedirect(reverse("admin:platform_user_change", args=[user.pk]))
            return super().delete_view(request, object_id, extra_context)
