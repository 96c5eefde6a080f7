"""Devices whose session has ended."""

from accounts.events import SessionEnded
from khidma.kernel.events import handles
from notifications import services


@handles(SessionEnded)
def forget_devices(event: SessionEnded) -> None:
    """A phone that was lost, or lent, hears nothing more about its former user's money."""
    services.forget_devices(session_id=event.session_id)
