"""WebSocket URLs."""

from django.urls import path
from django.urls.resolvers import URLPattern

from attendance.consumers import event_screen, kiosk_screen

# The router calls ASGI applications where Django's types expect views.
websocket_urlpatterns: list[URLPattern] = [
    path("ws/events/<str:code>/", event_screen),  # type: ignore[arg-type]
    path("ws/kiosk/", kiosk_screen),  # type: ignore[arg-type]
]
