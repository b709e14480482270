"""System checks of the settings of stored exports."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports.registry import exports_for, find


@register(Tags.files)
def check_daily_exports(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    unknown = [name for name in settings.EXPORT_DAILY if find(name) is None]
    if not unknown:
        return []
    known = ", ".join(export.name for export in exports_for(SYSTEM))
    sentence = f"EXPORT_DAILY names what is no export: {', '.join(unknown)}."
    return [checks.Error(sentence, hint=f"The names are: {known}.", id="checkin.E010")]


@register(Tags.security, deploy=True)
def check_storage_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whole lists of people travel there."""
    endpoint = str(settings.STORAGES["exports"].get("OPTIONS", {}).get("endpoint_url") or "")
    if not endpoint.startswith("http://"):
        return []
    sentence = "AWS_S3_ENDPOINT_URL does not begin with https://: exports and backups can be read on their way."
    return [checks.Warning(sentence, hint="Use https, or a network that nobody else is in.", id="checkin.W010")]
