"""What was told inside the app goes out by SMS, e-mail and push."""

from uuid import UUID

from khidma.kernel.events import handles
from notifications import services
from notifications.events import PersonTold


@handles(PersonTold, outbound=True)
def send_out(event: PersonTold, *, event_id: UUID) -> None:
    services.send_out(notification_id=event.notification_id, channels=event.channels)
