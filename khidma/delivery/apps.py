"""Django's entry for khidma.delivery: SMS, e-mail and push adapters."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "khidma.delivery"
    label = "delivery"
    verbose_name = _("Delivery")
