"""Django's entry for messaging: conversations and the socket."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    label = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        """Tell who may see the files of messages, and how their addresses are made good again."""
        from khidma.media.viewing import who_may_see
        from khidma.realtime import streams
        from messaging.selectors import may_see_messages
        from messaging.services.announcing import with_good_addresses

        who_may_see.register("message", may_see_messages)
        streams.renew("CHAT_MESSAGE", with_good_addresses)
