"""The JSON API: the apps' routers put together. Described at /api/openapi.json, browsable at /api/docs."""

from ninja import NinjaAPI

from attendance.api import router as attendance_router
from checkin_project.platform.jsonapi import SafeParser, prepare

api = NinjaAPI(
    title="Check-in API",
    version="1",
    description="Check people in, take check-ins back and read the numbers of events.",
    parser=SafeParser(),
    urls_namespace="api",
)
prepare(api)
api.add_router("", attendance_router)

# Built once: each reading of `api.urls` makes new views.
urls = api.urls
for pattern in urls[0]:
    # Keys and tokens are checked by the API itself; no page to sign in at would help a program.
    pattern.callback.login_required = False  # type: ignore[union-attr]
