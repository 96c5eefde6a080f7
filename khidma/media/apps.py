"""Django's entry for khidma.media: files and who may see them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    name = "khidma.media"
    label = "media"
    verbose_name = _("Media")
