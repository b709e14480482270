"""`manage.py create_api_key NAME --scopes check_in,read_counts [--event CODE] [--expires-days N]`."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from checkin_project.platform.access import Scope
from events.models import Event
from members.keys import create_key


class Command(BaseCommand):
    help = "Make an API key and print its secret, once, as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--scopes", required=True, help=f"Comma-separated, of: {', '.join(Scope.values)}.")
        parser.add_argument("--event", default="", metavar="CODE", help="Only for this event.")
        parser.add_argument("--expires-days", type=int, default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["event"] and not Event.objects.filter(code=options["event"]).exists():
            raise CommandError(f"There is no event with the code {options['event']}.")
        days = options["expires_days"]
        try:
            key, secret = create_key(
                options["name"],
                [scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                event_code=options["event"],
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"Key {key.prefix}… for {key.name}. The secret is shown only now:")
        self.stdout.write(secret)
