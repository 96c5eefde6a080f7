"""Django's entry for orders: the contract between two people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    label = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        """Tell who may see the files of what was handed in."""
        from khidma.media.viewing import who_may_see
        from orders.selectors import may_see_deliverables

        who_may_see.register("deliverable", may_see_deliverables)
