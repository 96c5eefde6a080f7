"""What operators of finance see and do with withdrawals over HTTP."""

from typing import Any
from uuid import UUID

from rest_framework.serializers import SerializerMethodField

from khidma.http.fields import Choice, Id, ListOf, Moment, Paise, Text
from khidma.http.serializers import Query, Serializer
from khidma.http.views import ApiView, Paged, operation
from khidma.kernel.errors import InvalidTransition
from payments import selectors, services
from payments.api.serializers import PayoutSerializer
from payments.errors import PayoutAlreadySent, PayoutNotHeld, SamePerson
from payments.models import Payout, PayoutHold
from payments.states import PayoutStatus


class PayoutHoldSerializer(Serializer):
    """Why a withdrawal waits. Who held it is empty where the threshold did; then two operators approve."""

    reason = Text()
    held_by = Id(source="held_by_id", allow_null=True)
    approved_by = Id(source="approved_by_id", allow_null=True)
    created_at = Moment()


class OperatorPayoutSerializer(PayoutSerializer):
    """A withdrawal with whose it is, and what it waits for."""

    user_id = Id()
    user_name = SerializerMethodField()
    hold = SerializerMethodField()

    def get_user_name(self, payout: Payout) -> str:
        return payout.user.name

    def get_hold(self, payout: Payout) -> dict[str, Any] | None:
        holds: list[PayoutHold] = payout.live_holds  # type: ignore[attr-defined]
        return PayoutHoldSerializer(holds[0]).data if holds else None


class OperatorPayoutQuery(Query):
    status = ListOf(Choice(PayoutStatus.values), required=False, unique=True)
    user_id = Id(required=False)
    amount_min = Paise(required=False)


class HoldBody(Serializer):
    reason = Text(min_length=3, max_length=500)


class ApproveBody(Serializer):
    reason = Text(required=False, max_length=500)


class AllPayouts(ApiView):
    @operation(
        access="staff", permission="finance", query=OperatorPayoutQuery, returns=OperatorPayoutSerializer, paging="feed"
    )
    def get(self, request: Any) -> Paged:
        """All withdrawals, newest first; `status=held` are those that wait for an approval."""
        return self.feed(selectors.list_all_payouts(**self.query()), order=("-id",))


class PayoutHolding(ApiView):
    @operation(
        access="staff",
        permission="finance",
        limit="money",
        body=HoldBody,
        returns=OperatorPayoutSerializer,
        errors=[InvalidTransition, PayoutAlreadySent],
    )
    def post(self, request: Any, payout_id: UUID) -> Payout:
        """Hold a withdrawal that has not been sent."""
        payout = selectors.get_payout(payout_id)
        services.hold_payout(payout=payout, operator=request.user, **self.body())
        return selectors.get_payout(payout_id)


class PayoutApproval(ApiView):
    @operation(
        access="staff",
        permission="finance",
        limit="money",
        body=ApproveBody,
        returns=OperatorPayoutSerializer,
        errors=[PayoutNotHeld, SamePerson],
    )
    def post(self, request: Any, payout_id: UUID) -> Payout:
        """Release a held withdrawal; over the threshold it takes two operators, one call each."""
        payout = selectors.get_payout(payout_id)
        services.approve_payout(payout=payout, operator=request.user, **self.body())
        return selectors.get_payout(payout_id)
