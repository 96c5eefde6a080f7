"""Every way messaging says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Forbidden


class BlockedBetween(Forbidden):
    """One of the two has blocked the other; which one is not told."""

    message = _("You and this person cannot write to each other.")


class SupportDoesNotListen(Forbidden):
    """An operator has closed the chat with support for this user."""

    message = _("Our team does not take messages from you here any more.")
