"""E-mail through the backend that Django is set to: one of django-anymail's, or SMTP."""

import hashlib
from smtplib import SMTPException, SMTPRecipientsRefused

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from khidma.delivery.errors import NotDeliverable, NotTaken
from khidma.delivery.providers import Email
from khidma.kernel.network import forbid_in_transaction, give_connections_back


class Mail:
    name = "mail"

    def send(self, email: Email) -> str:
        """The key is in the Message-ID, so that a mailbox that gets the same one twice shows it once."""
        forbid_in_transaction()
        message = EmailMultiAlternatives(
            email.subject, email.body, to=[email.to], headers={"Message-ID": message_id(email.key)}
        )
        if email.html:
            message.attach_alternative(email.html, "text/html")
        give_connections_back()
        try:
            message.send()
        except (AnymailRecipientsRefused, AnymailInvalidAddress, SMTPRecipientsRefused) as error:
            raise NotDeliverable(type(error).__name__) from error
        except (AnymailError, SMTPException, OSError) as error:
            raise NotTaken(f"{type(error).__name__} {getattr(error, 'status_code', None) or ''}".strip()) from error
        return str(getattr(getattr(message, "anymail_status", None), "message_id", "") or "")


def message_id(key: str) -> str:
    """Always the same for a key."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
