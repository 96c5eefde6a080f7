"""Django's entry for payments: the ledger, the gateway, wallets and payouts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        """Tell accounts the figures of a user's wallet, and operators what they may set."""
        from accounts.figures import profile_figures
        from payments import runtime  # noqa: F401
        from payments.selectors import figures_of

        profile_figures.register(figures_of)
