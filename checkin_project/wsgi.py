"""HTTP entry: pages through all middleware, the JSON API past what only pages need."""

import gc
import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
pages = get_wsgi_application()

# Needs Django to be set up, as it is now.
from attendance.quickdoor import PATH, check_in_quickly  # noqa: E402
from checkin_project.platform.apihandler import ApiHandler, is_api  # noqa: E402
from checkin_project.platform.shortcut import Shortcut  # noqa: E402

_api = ApiHandler()
_door = Shortcut(check_in_quickly, PATH, otherwise=_api)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    handler = _door if path == PATH else _api if is_api(path) else pages
    answer: Iterable[bytes] = handler(environ, start_response)
    return answer


# What is loaded by now stays until the process ends: the collector need not look at it again and again.
gc.collect()
gc.freeze()
