"""`manage.py enrol_second_factor EMAIL`: an operator's authenticator app, from whoever has a shell here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.errors import InvalidCredentials
from accounts.models import User


class Command(BaseCommand):
    help = "Enrol an operator's authenticator app; from then on every log-in asks for its code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Show the new secret once, and keep it when a code proves that the app has it."""
        operator = User.objects.filter(email=email.strip().lower(), is_staff=True).first()
        if operator is None:
            raise CommandError(f"No operator has the e-mail {email}.")
        self.stdout.write(services.enrol_second_factor(operator=operator))
        try:
            services.confirm_second_factor(operator=operator, code=input("Code shown by the app: ").strip())
        except InvalidCredentials as error:
            raise CommandError("That is not the code. Nothing is enrolled; please run this again.") from error
        self.stdout.write("Enrolled.")
