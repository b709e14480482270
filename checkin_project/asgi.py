"""HTTP (through WSGI threads) and WebSockets in one process."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
from checkin_project.wsgi import application as wsgi_application

# Consumers import models, which only work after Django has been set up, as it is above.
# isort: split
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from attendance.routing import websocket_urlpatterns
from checkin_project.platform.bridge import Bridge
from checkin_project.platform.deadline import Deadline, Limits

limits = Limits(
    seconds=settings.HTTP_DEADLINE_SECONDS,
    slow=settings.HTTP_DEADLINE_SLOW,
    in_flight=settings.HTTP_IN_FLIGHT,
    in_flight_doors=settings.HTTP_IN_FLIGHT_DOORS,
    doors=settings.HTTP_DOORS,
    threads=settings.THREADS,
)
application = ProtocolTypeRouter(
    {
        "http": Deadline(Bridge(wsgi_application, threads=settings.THREADS), limits),
        "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
    }
)
