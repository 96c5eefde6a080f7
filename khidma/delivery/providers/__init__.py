"""Whoever carries messages out: one protocol a channel, one module an outside system."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Sms:
    """A text message. `template` and `language` name the registered text that `values` were put into; see msg91.py."""

    to: str
    body: str
    key: str
    template: str
    values: dict[str, str]
    language: str


@dataclass(frozen=True)
class Email:
    """An e-mail, in plain text and perhaps in HTML too."""

    to: str
    subject: str
    body: str
    key: str
    html: str = ""


@dataclass(frozen=True)
class Push:
    """A message to one device; `data` is what the app opens."""

    token: str
    title: str
    body: str
    key: str
    data: dict[str, Any] = field(default_factory=dict)


class SmsProvider(Protocol):
    """Sends text messages. `key` makes a repeated call one message where the provider can; neither of ours can."""

    name: str

    def send(self, sms: Sms) -> str:
        """Hand it over; the provider's own id of it. :raises NotTaken, NotDeliverable: see errors.py."""


class EmailProvider(Protocol):
    """Sends e-mail."""

    name: str

    def send(self, email: Email) -> str:
        """Hand it over; the provider's own id of it. :raises NotTaken, NotDeliverable: see errors.py."""


class PushProvider(Protocol):
    """Sends to devices."""

    name: str

    def send(self, push: Push) -> str:
        """Hand it over; the provider's own id of it. :raises NotTaken, NotDeliverable, DeviceGone: see errors.py."""
