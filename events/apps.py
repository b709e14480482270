from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        # Models exist from here on only.
        from checkin_project.platform.imports import kinds
        from events import exports, groupimports, imports

        kinds.register(imports.kind())
        kinds.register(groupimports.kind())
        exports.register_exports()
