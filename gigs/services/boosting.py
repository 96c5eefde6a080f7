"""Showing a gig before the others for some days, as somebody higher has sold it."""

from datetime import datetime, timedelta
from uuid import UUID

from gigs.models import Gig
from khidma.kernel.clock import Now, now
from khidma.kernel.states import lock


def show_first(*, gig: Gig, days: int) -> tuple[datetime, datetime]:
    """Show a locked gig first for so many days more: from now, or from when it would have ended. From when to when."""
    moment = now()
    starts_at = max(moment, gig.boosted_until or moment)
    gig.is_boosted, gig.boosted_until = True, starts_at + timedelta(days=days)
    gig.save(update_fields=["is_boosted", "boosted_until"])
    return starts_at, gig.boosted_until


def show_no_longer_first(*, gig_id: UUID) -> None:
    """End all that is left of it."""
    gig = lock(Gig, gig_id)
    gig.is_boosted, gig.boosted_until = False, None
    gig.save(update_fields=["is_boosted", "boosted_until"])


def forget_ended_boosts() -> int:
    """Take the mark off gigs whose time is over; the list goes by the clock, and only becomes shorter to read."""
    return Gig.objects.filter(is_boosted=True, boosted_until__lte=Now()).update(is_boosted=False)
