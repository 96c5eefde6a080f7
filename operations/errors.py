"""Every way operations says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import NotFound


class SettingsUnknown(NotFound):
    """No such category of settings."""

    message = _("There is no such category of settings.")
