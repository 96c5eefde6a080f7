"""`manage.py seed_demo`: the demo data of a local run; what is there already stays."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations.seeding import seed


class Command(BaseCommand):
    help = "Make demo data through the same services as real traffic. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo data has no place in production.")
        seed(say=self.stdout.write)
