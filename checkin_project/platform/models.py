"""People who may sign in. A user's role here holds everywhere; a role in one group is an `events.GroupRole`."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Role


class User(AbstractUser):
    role = models.CharField(
        _("role everywhere"),
        max_length=16,
        choices=Role.choices,
        blank=True,
        help_text=_("Holds in every group. Leave empty for people who work for single groups only."),
    )

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=["", *Role.values]), name="user_role_known"),
        ]
