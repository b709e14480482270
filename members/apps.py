from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"

    def ready(self) -> None:
        # Models exist from here on only.
        from checkin_project.platform.imports import kinds
        from members import exports, imports

        kinds.register(imports.kind())
        exports.register_exports()
