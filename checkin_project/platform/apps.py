from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django_tasks_db.apps import TasksAppConfig


class PlatformConfig(AppConfig):
    name = "checkin_project.platform"
    label = "platform"
    verbose_name = "This site"

    def ready(self) -> None:
        from checkin_project.platform import checks  # noqa: F401  registers them
        from checkin_project.platform.exports import checks as export_checks  # noqa: F401  and these


class TasksConfig(TasksAppConfig):
    verbose_name = "Background work"


class SiteAdminConfig(AdminConfig):
    default_site = "checkin_project.platform.adminsite.SiteAdmin"
