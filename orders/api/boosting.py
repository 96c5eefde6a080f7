"""Boosts over HTTP: bought here, confirmed where every payment is."""

from typing import Any
from uuid import UUID

from accounts import services as accounts
from gigs.errors import GigNotOpen
from gigs.selectors import get_own_gig
from khidma.http.views import AfterCommit, ApiView, operation
from khidma.kernel.errors import GatewayUnavailable
from orders import services
from orders.api import serializers as shapes
from orders.api.views import open_checkout


class GigBoost(ApiView):
    @operation(
        access="user",
        limit="money",
        body=shapes.BoostBody,
        returns=shapes.BoostDueSerializer,
        errors=[GigNotOpen, GatewayUnavailable],
    )
    def post(self, request: Any, gig_id: UUID) -> AfterCommit:
        """The gateway's order to pay so many days with, for which the gig is shown first; the same one again while it
        waits. Paid while another boost runs, the days come after it."""
        gig = get_own_gig(request.user, gig_id)
        accounts.require_ready(user=request.user, role="client")
        payment = services.prepare_boost(gig=gig, client=request.user, **self.body())
        return AfterCommit(payment, then=lambda: open_checkout(payment), needed=True)
