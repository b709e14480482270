"""Admin pages that obey the roles of `platform.access` instead of Django's permission tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ModelChoiceField, ModelForm, SplitDateTimeField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin

from checkin_project.platform.access import Permission, request_actor
from checkin_project.platform.admin.widgets import DateAndTime

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _TabularInline = admin.TabularInline[Any, Any]
    _StackedInline = admin.StackedInline[Any, Any]
    _ChoicesBase = admin.options.BaseModelAdmin[Any]
    _FieldFilter = admin.RelatedFieldListFilter
else:
    _ModelAdmin = admin.ModelAdmin
    _TabularInline = admin.TabularInline
    _StackedInline = admin.StackedInline
    _ChoicesBase = object
    _FieldFilter = RelatedFieldListFilter

# Nobody needs to search by these, and a prefix search could read them out letter by letter.
_SECRET_FIELDS = ("password", "token_hash", "pin_hash", "secret_hash", "code_hash", "nonce")


class VisibleChoices(_ChoicesBase):
    """Offers and accepts only related records that the person may see."""

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        related = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(related, VisibleAdmin):
            return related.get_queryset(request)
        return super().get_field_queryset(db, db_field, request)


class VisibleAdmin(VisibleChoices, _ModelAdmin):
    """A model's pages, open to those whose role suffices, everywhere or for the record's group.

    `view_needs` … `delete_needs` name the permission that each act takes; None means that nobody may.
    `group_path` is the way from a record to the id of the group that owns it ("event__group_id"); records without
    one belong to the whole house and need a role everywhere, unless `shared` lets all who may anywhere look.
    What a person may not see does not exist: not in lists, choices, history or by address.
    """

    view_needs: Permission = Permission.SCAN
    add_needs: Permission | None = None
    change_needs: Permission | None = None
    delete_needs: Permission | None = None
    group_path = ""
    shared = False

    formfield_overrides = {models.DateTimeField: {"form_class": SplitDateTimeField, "widget": DateAndTime}}
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False

    # --- Who may --------------------------------------------------------------------------------

    def groups_of(self, obj: models.Model) -> Iterable[int]:
        """Ids of the groups whose staff may work with this record."""
        value: Any = obj
        for name in self.group_path.split("__") if self.group_path else ():
            value = getattr(value, name, None)
        return [value] if self.group_path and value is not None else []

    def limited_to_groups(self, rows: Any, groups: list[int]) -> Any:
        """`rows` that belong to these groups."""
        return rows.filter(**{f"{self.group_path}__in": groups}) if self.group_path else rows.none()

    def may(self, request: HttpRequest, needs: Permission | None, obj: models.Model | None = None) -> bool:
        """May the signed-in person do what takes `needs`, to this record or (None) to any at all?"""
        actor = request_actor(request)
        if needs is None:
            return False
        if actor.may(needs):
            return True
        if not self.group_path:
            return self.shared and needs == self.view_needs and actor.may_somewhere(needs)
        if obj is None:
            return actor.may_somewhere(needs)
        return any(actor.may(needs, group_id) for group_id in self.groups_of(obj))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.view_needs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.view_needs, obj)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return self.may(request, self.add_needs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.change_needs, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.delete_needs, obj)

    # --- What exists for them -------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> Any:
        actor = request_actor(request)
        rows = super().get_queryset(request)
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(actor)
        if actor.may(self.view_needs) or (self.shared and actor.may_somewhere(self.view_needs)):
            return rows
        return self.limited_to_groups(rows, actor.groups_where(self.view_needs))

    def allowed_rows(self, request: HttpRequest, rows: Any, needs: Permission | None = None) -> Any:
        """Of `rows`, those the person may change (or do what takes `needs` to); for actions."""
        needs = needs or self.change_needs
        actor = request_actor(request)
        if needs is None:
            return rows.none()
        return rows if actor.may(needs) else self.limited_to_groups(rows, actor.groups_where(needs))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        if lookup.split("__", maxsplit=1)[0] in _SECRET_FIELDS:
            return False
        return super().lookup_allowed(lookup, value, request)

    # --- Forms ----------------------------------------------------------------------------------

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.attname == self.group_path and not self._may_everywhere(request):
            # Without a group the record would belong to the whole house, out of its maker's sight.
            kwargs["required"] = True
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        rows = super().get_field_queryset(db, db_field, request)
        if db_field.attname == self.group_path and not self._may_everywhere(request):
            needs = self.change_needs or self.add_needs
            return rows.filter(pk__in=request_actor(request).groups_where(needs) if needs else [])
        return rows

    def _may_everywhere(self, request: HttpRequest) -> bool:
        needs = self.change_needs or self.add_needs
        return needs is not None and request_actor(request).may(needs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The record keeps a related record that this person cannot see, rather than losing it on save."""
        form = super().get_form(request, obj, change=change, **kwargs)
        for name, field in form.base_fields.items():
            if isinstance(field, ModelChoiceField) and obj is not None and field.queryset is not None:
                present = getattr(obj, f"{name}_id", None)
                if present is not None and not field.queryset.filter(pk=present).exists():
                    rows = field.queryset.model._default_manager
                    field.queryset = rows.filter(models.Q(pk__in=field.queryset.values("pk")) | models.Q(pk=present))
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Refuses a record that would land where the person may not work, whatever the form let through."""
        if not self.may(request, self.change_needs if change else self.add_needs, obj):
            raise PermissionDenied
        super().save_model(request, obj, form, change)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        record = context.get("original")
        actions = self.get_actions(request) if record else {}
        offered = self.offered_actions(record) if record else ()
        buttons = [(name, capfirst(str(actions[name][2]))) for name in offered if name in actions]
        return super().render_change_form(request, context | {"object_actions": buttons}, *args, **kwargs)

    def offered_actions(self, obj: Any) -> tuple[str, ...]:
        """Names of the actions that make sense for this record; its page shows them as buttons."""
        return ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # Inside a pop-up the library drops them; pages of one record ask for them too.
        return cast("dict[str, Any]", super().get_actions(request))


class HistoryAdmin(SimpleHistoryAdmin, VisibleAdmin):  # type: ignore[misc]
    """With the history of every change, of visible records only; what was deleted has no page."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require(request, unquote(object_id))
        return cast("HttpResponse", super().history_form_view(request, object_id, version_id, extra_context))

    def _require(self, request: HttpRequest, object_id: str) -> None:
        # The library falls back to history rows, which know nothing of who may see them.
        if self.get_object(request, unquote(object_id)) is None:
            raise Http404

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        # Setting an old version back would bypass the rules of the change form (locks, reviews, statuses).
        return True


class _FollowsParent(VisibleChoices):
    """Rows on the page of another record: who may change the record may change its rows, unless `needs` says more."""

    needs: Permission | None = None
    extra = 0
    show_change_link = False

    def _parent(self) -> VisibleAdmin:
        return cast("VisibleAdmin", self.admin_site.get_model_admin(self.parent_model))  # type: ignore[attr-defined]

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        if self.needs is not None and not request_actor(request).may(self.needs):
            return False
        parent = self._parent()
        return parent.has_add_permission(request) if obj is None else parent.has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.needs is not None:
            return request_actor(request).may(self.needs)
        return self._parent().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)


class VisibleTabularInline(_FollowsParent, _TabularInline):
    pass


class VisibleStackedInline(_FollowsParent, _StackedInline):
    pass


class ReadOnlyInline(VisibleTabularInline):
    """Rows to look at."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class VisibleRelatedFilter(_FieldFilter):
    """A filter that lists the related records the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        related = model_admin.admin_site._registry.get(field.remote_field.model)
        if not isinstance(related, VisibleAdmin):
            return super().field_choices(field, request, model_admin)
        return [(row.pk, str(row)) for row in related.get_queryset(request).order_by(*related.model._meta.ordering)]
