"""Signing in by name and password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from checkin_project.platform.access import actor_for


class RoleBackend(ModelBackend):
    """Django's own per-model permissions are unused: `access.PERMISSIONS` decides, also in the admin."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return bool(user_obj.is_active and user_obj.is_superuser)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return actor_for(user_obj).is_staff
