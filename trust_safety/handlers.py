"""Reactions of trust and safety to what users do."""

from khidma.kernel.events import handles
from messaging.events import ContactDetailsMasked
from trust_safety import services
from trust_safety.models import LapseKind


@handles(ContactDetailsMasked)
def count_contact_details(event: ContactDetailsMasked) -> None:
    """Writing contact details before the payment counts against the writer."""
    services.count_lapse(user_id=event.user_id, kind=LapseKind.CONTACT_DETAILS, message_id=event.message_id)
