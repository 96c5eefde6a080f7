"""Django's entry for notifications: telling people and machines."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    label = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Tell accounts in which language people want to be spoken to."""
        from accounts.languages import chosen_languages
        from notifications.selectors import language_chosen_by

        chosen_languages.register(language_chosen_by)
