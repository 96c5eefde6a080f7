"""Periodic work of gigs."""

from gigs import selectors, services
from khidma.kernel.sweeps import sweep


@sweep(every=30)
def expire_gigs() -> int:
    """End gigs whose deadline has passed, each in its own transaction."""
    return sum(services.expire_gig(gig_id=gig_id) for gig_id in selectors.list_overdue_gigs())


@sweep(every=30)
def count_views() -> int:
    """Add the looks of the last half minute to their gigs."""
    return services.count_views()


@sweep(every=300)
def forget_ended_boosts() -> int:
    """Take the mark off gigs that are not shown first any more."""
    return services.forget_ended_boosts()
