"""Django's entry for khidma.kernel: money, ids, time, states, events and settings that every app stands on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KernelConfig(AppConfig):
    name = "khidma.kernel"
    label = "kernel"
    verbose_name = _("Kernel")

    def ready(self) -> None:
        """Find the apps' event handlers once all of them are loaded."""
        from khidma.kernel import events

        events.discover()
