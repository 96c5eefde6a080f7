"""Every way notifications say no: only what is not there."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import NotFound


class NotificationUnknown(NotFound):
    """No such notification of this user."""

    message = _("There is no such notification.")


class PushTokenUnknown(NotFound):
    """No such device of this user."""

    message = _("There is no such device.")
