"""Codes by SMS: texts registered with India's registry, in the language of whoever reads them."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from accounts.models import OneTimeCode
from khidma.delivery.deliver import send_sms
from khidma.delivery.errors import NotDeliverable

CODE_TEXTS = {
    "login_code": _("%(code)s is your Khidma login code. It is good for %(minutes)d minutes. Never share it."),
    "phone_code": _("%(code)s is your Khidma code to change your phone number. Never share it."),
}


def text_code(*, row: OneTimeCode, template: str, values: Mapping[str, object], language: str) -> None:
    """Send a code by SMS; in English where nobody carries its text in the other language.

    :raises Unavailable: no provider took the message.
    """
    try:
        _send(row, template, values, language)
    except NotDeliverable:
        if language == settings.LANGUAGE_CODE:
            raise
        _send(row, template, values, settings.LANGUAGE_CODE)


def _send(row: OneTimeCode, template: str, values: Mapping[str, object], language: str) -> None:
    with override(language):
        body = gettext(CODE_TEXTS[template]) % values
    send_sms(to=row.target, body=body, key=f"code:{row.pk}", template=template, values=values, language=language)
