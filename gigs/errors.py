"""Every way gigs says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Refused


class GigNotOpen(Refused):
    """The gig takes no applications, or cannot be closed, because it is not open."""

    code = "gig_not_open"
    message = _("This gig is not open.")


class GigNotEditable(Refused):
    """Work on the gig has begun or ended, so its text stands."""

    code = "gig_not_editable"
    message = _("This gig can no longer be changed.")


class GigHasApplications(Refused):
    """Money, kind and category are what people applied to."""

    code = "gig_has_applications"
    message = _("Money, kind and category cannot be changed while there are applications.")


class GigHasDoer(Refused):
    """Somebody was accepted, so the gig is part of a contract."""

    code = "gig_has_doer"
    message = _("Somebody was accepted for this gig, so it cannot be deleted.")


class DeadlinePassed(Refused):
    """Only a new deadline opens the gig again."""

    code = "deadline_passed"
    message = _("The deadline of this gig has passed. Give it a new one.")


class OwnGig(Refused):
    """A client cannot be the doer of the same gig."""

    code = "own_gig"
    message = _("You cannot apply to your own gig.")


class AlreadyApplied(Refused):
    """One live application per doer and gig."""

    code = "already_applied"
    message = _("You have already applied to this gig.")


class ApplicationAlreadyDecided(Refused):
    """The application was accepted, rejected or withdrawn before."""

    code = "application_already_decided"
    message = _("This application has already been decided.")


class ApplicationNotPending(Refused):
    """The owner is looking at the application, so its terms stand."""

    code = "application_not_pending"
    message = _("Only a pending application can be changed.")


class ApplicationNotRejected(Refused):
    """Only a rejected application can be revived."""

    code = "application_not_rejected"
    message = _("Only a rejected application can be revived.")
