from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class AttendanceConfig(AppConfig):
    name = "attendance"

    def ready(self) -> None:
        # Models exist from here on only.
        from attendance import announcing, exports
        from attendance.coming import next_event
        from attendance.databrowser.materialised import drop_before_migrating
        from attendance.imports.kinds import kinds
        from attendance.reportexports import register_exports
        from checkin_project.platform.imports.kinds import register
        from members import coming

        coming.ask(next_event)
        announcing.listen()
        for kind in kinds():
            register(kind)
        register_exports()
        exports.register_exports()
        pre_migrate.connect(drop_before_migrating, sender=self, dispatch_uid="attendance.databrowser")
