"""Public pages. The start page has no namespace: settings and every template know it as "home"."""

from django.urls import path

from events.views import home

urlpatterns = [path("", home, name="home")]
