"""Both SMS providers, as the stand-in of the tests plays them, with a switch that makes every call fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

from khidma.delivery.tests.standin import Answer, Providers

NAMED = ("MSG91_AUTH_KEY", "MSG91_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SENDER")


class Texting(Providers):
    """Answers as MSG91 and Twilio do, or with 500 while it is failing."""

    def __init__(self) -> None:
        super().__init__()
        self.is_failing = False
        self.failed: list[tuple[str, str]] = []

    def environment(self) -> dict[str, str]:
        """The variables under which Khidma sends its texts here."""
        known = self.settings()
        return {
            "KHIDMA_SMS_PROVIDERS": ",".join(known["SMS_PROVIDERS"]),
            "MSG91_TEMPLATES": json.dumps(known["MSG91_TEMPLATES"]),
            "TWILIO_BASE_URL": self.url,
            **{name: known[name] for name in NAMED},
        }

    def answer(self, path: str, headers: Any, body: bytes) -> Answer | None:
        if not self.is_failing:
            return super().answer(path, headers, body)
        self.failed.append((self._provider(path)[0], unquote_plus(body.decode(errors="replace"))))
        return 500, "<html>trouble</html>", {}

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Every call fails as long as this lasts."""
        self.is_failing = True
        try:
            yield
        finally:
            self.is_failing = False

    def asked_for(self, phone: str) -> list[str]:
        """The providers that were asked to text to this phone and failed; other texts are on their way beside it."""
        return sorted(provider for provider, body in self.failed if phone.removeprefix("+") in body)

    def sent_to(self, phone: str) -> int:
        """How many texts to this phone were taken."""
        taken = [*self.taken["msg91"], *self.taken["twilio"]]
        return sum(phone.removeprefix("+") in json.dumps(message) for message in taken)
