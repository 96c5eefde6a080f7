"""Who may do what with one gig or application that they may see."""

from accounts.models import User
from gigs.models import Application
from khidma.kernel.errors import Forbidden


def require_doer_of(application: Application, user: User) -> None:
    """:raises Forbidden: the caller got the application, but did not make it."""
    if application.doer_id != user.pk:
        raise Forbidden


def require_owner_of(application: Application, user: User) -> None:
    """:raises Forbidden: the caller made the application, but does not own the gig."""
    if application.gig.client_id != user.pk:
        raise Forbidden
