"""Django's entry for khidma.http: what every API shares."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HttpConfig(AppConfig):
    name = "khidma.http"
    label = "http"
    verbose_name = _("HTTP")
