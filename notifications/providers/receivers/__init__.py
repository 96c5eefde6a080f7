"""The servers of others that take our webhooks: which of them we may talk to, and how."""

from notifications.providers.receivers.addresses import AddressRefused, Receiver, receiver_of, resolve
from notifications.providers.receivers.calling import Outcome, post

__all__ = ["AddressRefused", "Outcome", "Receiver", "post", "receiver_of", "resolve"]
