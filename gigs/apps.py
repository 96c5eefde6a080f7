"""Django's entry for gigs: the catalogue of posted work."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GigsConfig(AppConfig):
    name = "gigs"
    label = "gigs"
    verbose_name = _("Gigs")

    def ready(self) -> None:
        """Tell who may see the files of gigs and applications."""
        from gigs import selectors
        from khidma.media.viewing import who_may_see

        who_may_see.register("gig", selectors.may_see_gigs)
        who_may_see.register("application", selectors.may_see_applications)
