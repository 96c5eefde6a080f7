"""Boosts of gigs."""

from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import tell
from notifications.sentences import sentence as _
from orders.events import BoostReturned, BoostShown


@handles(BoostShown)
def tell_owner_of_boost(event: BoostShown) -> None:
    body = _("“%(title)s” is shown before the others for %(days)d days.", title=event.title, days=event.days)
    address = f"/gigs/{event.gig_id}"
    tell(event.client_id, "boost_shown", _("Your gig is boosted"), body, address, ("email", "push"), gigId=event.gig_id)


@handles(BoostReturned)
def tell_owner_of_return(event: BoostReturned) -> None:
    body = _(
        "%(amount)s for boosting “%(title)s” goes back to you, as it could not be shown for all of the time.",
        amount=rupees(event.returned),
        title=event.title,
    )
    address = f"/gigs/{event.gig_id}"
    tell(event.client_id, "boost_returned", _("Boost refunded"), body, address, ("email", "push"), gigId=event.gig_id)
