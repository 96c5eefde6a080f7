"""The addresses of trust and safety: find, check the side, act, show."""

from typing import Any
from uuid import UUID

from khidma.http.views import ApiView, operation
from orders.errors import CancellationNotContestable, ContestPeriodOver
from orders.selectors import get_order_for
from trust_safety import selectors, services
from trust_safety.api import serializers as shapes
from trust_safety.api.permissions import require_contesting_side
from trust_safety.errors import ContestAlreadyDecided, ContestOfOneself
from trust_safety.models import Contest


class CancellationContest(ApiView):
    @operation(
        access="user",
        body=shapes.ContestBody,
        returns=shapes.ContestSerializer,
        status=201,
        errors=[CancellationNotContestable, ContestPeriodOver],
    )
    def post(self, request: Any, order_id: UUID) -> Contest:
        """Contest whose fault a cancellation was found to be; an operator decides, and no money moves until then."""
        order = get_order_for(request.user, order_id)
        require_contesting_side(order, request.user)
        contest = services.contest_cancellation(order=order, party=request.user, **self.body())
        return selectors.show_contest(contest)


class CancellationResolve(ApiView):
    @operation(
        access="staff",
        permission="trust",
        limit="money",
        body=shapes.JudgementBody,
        returns=shapes.ContestSerializer,
        errors=[ContestAlreadyDecided, ContestOfOneself],
    )
    def post(self, request: Any, cancellation_id: UUID) -> Contest:
        """Decide a contested cancellation: whose fault it was, and with it who gets what was kept."""
        cancellation = selectors.get_cancellation(cancellation_id)
        contest = services.decide_contest(cancellation=cancellation, operator=request.user, **self.body())
        return selectors.show_contest(contest)
