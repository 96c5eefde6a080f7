"""Every way trust and safety says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Refused


class ContestAlreadyDecided(Refused):
    """Nobody contests this cancellation, or an operator has decided about it."""

    code = "contest_already_decided"
    message = _("There is no open contest of this cancellation.")


class ContestOfOneself(Refused):
    """An operator who is a party of the order does not decide about it."""

    code = "contest_of_oneself"
    message = _("You are a party of this order. Somebody else must decide.")
