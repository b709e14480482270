from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "attendance"

    def ready(self) -> None:
        # Models exist from here on only.
        from attendance import announcing, exports
        from attendance.coming import next_event
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
