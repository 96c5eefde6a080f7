"""Every write of gigs, by use case."""

from gigs.services.applying import apply_to_gig, change_application, revive_application, withdraw_application
from gigs.services.awarding import award, cancel_worked_gig, complete_gig, release_gig, reveal_address
from gigs.services.boosting import forget_ended_boosts, show_first, show_no_longer_first
from gigs.services.choosing import reject_application, shortlist_application, unshortlist_application
from gigs.services.ending import cancel_gig, close_gig, expire_gig, remove_gig
from gigs.services.looking import count_views, forget_saved_gig, note_view, save_gig
from gigs.services.posting import change_gig, post_gig, reopen_gig

__all__ = [
    "apply_to_gig",
    "award",
    "cancel_gig",
    "cancel_worked_gig",
    "change_application",
    "change_gig",
    "close_gig",
    "complete_gig",
    "count_views",
    "expire_gig",
    "forget_ended_boosts",
    "forget_saved_gig",
    "note_view",
    "post_gig",
    "reject_application",
    "release_gig",
    "remove_gig",
    "reopen_gig",
    "reveal_address",
    "revive_application",
    "save_gig",
    "shortlist_application",
    "show_first",
    "show_no_longer_first",
    "unshortlist_application",
    "withdraw_application",
]
