"""Django's entry for trust_safety: reports, disputes, sanctions, appeals and audit."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrustSafetyConfig(AppConfig):
    name = "trust_safety"
    label = "trust_safety"
    verbose_name = _("Trust and safety")
