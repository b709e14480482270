from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PlatformConfig(AppConfig):
    name = "checkin_project.platform"
    label = "platform"
    verbose_name = "Users"

    def ready(self) -> None:
        from checkin_project.platform import checks  # noqa: F401  registers them


class SiteAdminConfig(AdminConfig):
    default_site = "checkin_project.platform.adminsite.SiteAdmin"
