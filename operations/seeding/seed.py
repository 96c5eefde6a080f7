"""Everything of the demo data, in order; what is there already stays."""

from collections.abc import Callable

from accounts import services as accounts
from gigs.models import Gig
from operations.seeding.catalogue import seed_skills, seed_zones
from operations.seeding.people import seed_clients, seed_doers, seed_operators
from operations.seeding.work import is_stand_in_up, seed_applications, seed_gigs, seed_orders
from payments import services as payments

PAYOUT_FLOAT = 100_000_000
"""What the stand-in's payout account opens with, in paise: ₹10 lakh, the owner's money."""


def seed(say: Callable[[str], None]) -> None:
    """Make the demo data, telling each step; a second time changes nothing."""
    say("categories, zones, skills and operators")
    accounts.seed_categories()
    seed_zones()
    seed_skills()
    seed_operators()
    payments.book_owner_funds(amount=PAYOUT_FLOAT, account="payout_bank", key="opening")
    say("doers and clients")
    doers, clients = seed_doers(), seed_clients()
    if Gig.objects.filter(client__in=clients).exists():
        return
    say("gigs and applications")
    first = seed_applications(seed_gigs(clients), doers)
    gateway = is_stand_in_up()
    say("orders, paid at the stand-in" if gateway else "orders, unpaid: the stand-in is not up")
    seed_orders(first, gateway=gateway)
