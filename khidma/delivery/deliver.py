"""Sends an SMS, e-mail or push through the providers of this environment; text messages by the next if one fails."""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from prometheus_client import Counter

from khidma.delivery.errors import DeviceGone, NotDeliverable, NotTaken
from khidma.delivery.providers import Email, EmailProvider, Push, PushProvider, Sms, SmsProvider
from khidma.delivery.providers.fcm import Fcm
from khidma.delivery.providers.mail import Mail
from khidma.delivery.providers.msg91 import Msg91
from khidma.delivery.providers.page import EmailPage, PushPage, SmsPage
from khidma.delivery.providers.twilio import Twilio
from khidma.kernel.network import forbid_in_transaction

log = structlog.get_logger(__name__)

calls = Counter("khidma_delivery_calls_total", "Messages handed to providers.", ["channel", "provider", "outcome"])

SMS_PROVIDERS: dict[str, type[SmsProvider]] = {"page": SmsPage, "msg91": Msg91, "twilio": Twilio}
EMAIL_PROVIDERS: dict[str, type[EmailProvider]] = {"page": EmailPage, "mail": Mail}
PUSH_PROVIDERS: dict[str, type[PushProvider]] = {"page": PushPage, "fcm": Fcm}

SET_BACK_SECONDS = 30.0
"""For so long a provider that did not take a message is asked after the others, in this process."""


def send_sms(*, to: str, body: str, key: str, template: str, values: Mapping[str, object], language: str = "en") -> str:
    """Send an SMS to an E.164 number by the first provider that takes it; the provider's name.

    `body` is the registered text `template` with `values` in it: some providers send the one, some the other.
    A provider that did not answer in time may have sent it all the same: then it may come twice, never not at all.
    :raises NotTaken: no provider took it. :raises NotDeliverable: each one said no for good.
    """
    sms = Sms(to, body, key, template, {name: str(value) for name, value in values.items()}, language)
    refusals: list[NotTaken | NotDeliverable] = []
    for provider in _in_order(settings.SMS_PROVIDERS):
        try:
            return _handed("sms", provider, sms)
        except NotTaken as error:
            _set_back[provider.name] = time.monotonic() + SET_BACK_SECONDS
            refusals.append(error)
        except NotDeliverable as error:
            refusals.append(error)
    reason = "; ".join(error.reason for error in refusals) or "There is no provider."
    if refusals and all(isinstance(error, NotDeliverable) for error in refusals):
        raise NotDeliverable(reason)
    pauses = [error.pause for error in refusals if isinstance(error, NotTaken) and error.pause is not None]
    raise NotTaken(reason, pause=min(pauses, default=None))


def send_email(*, to: str, subject: str, body: str, key: str, html: str = "") -> str:
    """Send an e-mail; the provider's name. :raises NotTaken: nobody took it. :raises NotDeliverable: a refusal."""
    return _handed("email", _the_one(EMAIL_PROVIDERS, settings.EMAIL_PROVIDER), Email(to, subject, body, key, html))


def send_push(*, token: str, title: str, body: str, data: dict[str, Any], key: str) -> str:
    """Send a push message to one device; the provider's name.

    :raises NotTaken: nobody took it. :raises DeviceGone: forget the token. :raises NotDeliverable: another refusal.
    """
    return _handed("push", _the_one(PUSH_PROVIDERS, settings.PUSH_PROVIDER), Push(token, title, body, key, data))


_set_back: dict[str, float] = {}


def forget_failures() -> None:
    """Ask providers in the order of the settings again (between tests)."""
    _set_back.clear()


def _in_order(names: list[str]) -> list[SmsProvider]:
    """As set; whoever failed a moment ago comes last, so that a hanging provider does not hold up every message."""
    moment = time.monotonic()
    names = sorted(names, key=lambda name: _set_back.get(name, 0.0) > moment)
    return [SMS_PROVIDERS[name]() for name in names]


def _the_one(known: dict[str, Any], name: str) -> Any:
    """:raises NotTaken: this environment has none."""
    if not name:
        raise NotTaken("There is no provider.")
    return known[name]()


def _handed(channel: str, provider: Any, message: Sms | Email | Push) -> str:
    forbid_in_transaction()
    try:
        provider.send(message)
    except (NotTaken, NotDeliverable) as error:
        calls.labels(channel, provider.name, _outcome(error)).inc()
        log.warning("message_not_taken", channel=channel, provider=provider.name, code=_outcome(error))
        raise
    calls.labels(channel, provider.name, "taken").inc()
    return str(provider.name)


def _outcome(error: NotTaken | NotDeliverable) -> str:
    if isinstance(error, DeviceGone):
        return "gone"
    return "refused" if isinstance(error, NotDeliverable) else "not_taken"
