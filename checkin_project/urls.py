"""Every URL of the product, one include per app."""

from django.contrib import admin
from django.urls import include, path

from checkin_project import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("", include("checkin_project.platform.urls")),
    path("", include("attendance.urls")),
    path("", include("events.urls")),
    path("", include("members.urls")),
]

handler400 = "checkin_project.platform.pages.bad_request"
handler403 = "checkin_project.platform.pages.permission_denied"
handler404 = "checkin_project.platform.pages.page_not_found"
handler500 = "checkin_project.platform.pages.server_error"
