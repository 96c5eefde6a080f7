"""`manage.py demo`: plays the main job against the running server and checks the books at the end."""

import asyncio
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.demo.endings import play_endings
from operations.demo.flow import Flow
from operations.demo.phone import DemoFailed


class Command(BaseCommand):
    help = "Play the main job against the running server: from a phone number to money in the bank."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="address of the server")
        parser.add_argument("--gateway", default=settings.RAZORPAY_BASE_URL, help="address of the stand-in")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo plays against a local server only.")
        flow = Flow(base_url=options["url"], gateway_url=options["gateway"], say=self.stdout.write)
        try:
            asyncio.run(flow.play(play_endings))
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        except httpx.TransportError as error:
            raise CommandError(f"{options['url']} does not answer ({error}). Is `make run` up?") from error
        call_command("ledger_check", gateway=True, stdout=self.stdout)
