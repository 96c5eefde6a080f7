"""Who is told what when something happens: one small function for a fact and a person.

A handler's transaction holds the streams it pushes to; one that tells several people takes them in the order of their
ids, as every other push does, so that no two handlers wait for each other.
"""

from notifications.handlers import (
    boosts,
    chargebacks,
    files,
    gigs,
    orders,
    payments,
    reviews,
    sending,
    support,
    trust,
    webhooks,
)

__all__ = [
    "boosts",
    "chargebacks",
    "files",
    "gigs",
    "orders",
    "payments",
    "reviews",
    "sending",
    "support",
    "trust",
    "webhooks",
]
