"""Django's entry for khidma.realtime: who is listening."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RealtimeConfig(AppConfig):
    name = "khidma.realtime"
    label = "realtime"
    verbose_name = _("Real time")
