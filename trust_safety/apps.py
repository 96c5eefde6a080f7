"""Django's entry for trust_safety: reports, disputes, sanctions, appeals and audit."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrustSafetyConfig(AppConfig):
    name = "trust_safety"
    label = "trust_safety"
    verbose_name = _("Trust and safety")

    def ready(self) -> None:
        """Tell who may see the files of contests."""
        from khidma.media.viewing import who_may_see
        from trust_safety.selectors import may_see_contests

        who_may_see.register("contest", may_see_contests)
