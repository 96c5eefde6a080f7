"""Django's entry for gigs: the catalogue of posted work."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GigsConfig(AppConfig):
    name = "gigs"
    label = "gigs"
    verbose_name = _("Gigs")
