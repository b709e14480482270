"""URLs that belong to no app."""

from django.urls import path

from checkin_project.platform import health, views
from checkin_project.platform.exports import views as exports

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("exports/", exports.exports_page, name="exports"),
    path("exports/<int:pk>/retry/", exports.retry, name="exports-retry"),
    path("exports/<int:pk>/delete/", exports.delete, name="exports-delete"),
    path("exports/<int:pk>/download/", exports.download, name="exports-download"),
    path("exports/file/<str:token>/", exports.file, name="exports-file"),
]
