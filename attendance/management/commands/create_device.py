"""`manage.py create_device`: a device without a screen at hand; its token is the last line printed."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attendance.devices import Place, pair_here
from attendance.models import Device
from checkin_project.platform.access import Role
from events.models import Event


class Command(BaseCommand):
    help = "Create a paired kiosk or scanner. The last line printed is its token, which is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--kind", choices=Device.Kind.values, required=True)
        parser.add_argument("--event", metavar="CODE", default="", help="without it: today's events")
        parser.add_argument("--role", choices=[Role.STEWARD.value, Role.SUPERVISOR.value], default=Role.STEWARD.value)
        parser.add_argument("--gate", default="", help="where it stands")
        parser.add_argument("--pin", default="", help="4 to 8 digits that unlock a kiosk")

    def handle(self, *args: Any, **options: Any) -> None:
        event = Event.objects.filter(code=options["event"].strip().upper()).first() if options["event"] else None
        if options["event"] and event is None:
            raise CommandError(f"There is no event with the code {options['event']}.")
        place = Place(
            kind=Device.Kind(options["kind"]),
            name=options["name"],
            event_id=event.pk if event else None,
            gate=options["gate"],
            role=Role(options["role"]),
            pin=options["pin"],
        )
        try:
            device, token = pair_here(place, by_user_id=None, at=timezone.now())
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None
        self.stdout.write(f"{device.get_kind_display()} “{device.name}” is paired for {event or 'today’s events'}.")
        self.stdout.write(token)
