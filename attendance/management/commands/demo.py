"""`manage.py demo`: demo data for an empty database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from attendance import demo


class Command(BaseCommand):
    help = "Put demo data into an empty database and print the sign-in; a second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        sign_in = demo.fill(at=timezone.now(), password=settings.DEMO_PASSWORD)
        if sign_in is None:
            self.stdout.write("The database holds records already, so no demo data was added.")
        elif sign_in.password:
            self.stdout.write(f"Sign in as {sign_in.username} with the password {sign_in.password}")
        else:
            self.stdout.write(
                f"Sign in as {sign_in.username} with the password that was printed the first time "
                f"(forgotten: manage.py changepassword {sign_in.username})."
            )
