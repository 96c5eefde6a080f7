"""Orders on the wire."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import SerializerMethodField, ValidationError

from accounts.api.serializers import PublicUserSerializer
from gigs.api.serializers import MOST_HOURS, PlaceSerializer, show_place
from gigs.models import BudgetType, GigKind
from khidma.http.fields import Choice, Id, Integer, Link, ListOf, Moment, Paise, Text
from khidma.http.serializers import Serializer
from khidma.http.text import camel
from khidma.kernel.models import StateChange
from khidma.media.api.serializers import Attachments
from orders.models import CancelReason, Milestone
from orders.policy import Fault
from orders.selectors import OrderScreen
from orders.states import MilestoneStatus, OrderStatus
from payments.api.serializers import PaymentSerializer
from payments.models import Payment
from payments.services import SMALLEST_REFUND

MOST_MINUTES = 60 * MOST_HOURS
BOOST_DAYS = (1, 3, 7)
CANCEL_REASONS = [reason.value for reason in CancelReason if reason not in {CancelReason.UNPAID, CancelReason.SILENT}]


class OrderedGigSerializer(Serializer):
    id = Id()
    title = Text()


class OrderMilestoneSerializer(Serializer):
    """One part of an order in milestones."""

    id = Id()
    title = Text()
    amount = Paise()
    due_at = Moment()
    status = Choice(MilestoneStatus.values)
    auto_approve_at = Moment(allow_null=True)
    funded_at = Moment(allow_null=True)
    submitted_at = Moment(allow_null=True)
    approved_at = Moment(allow_null=True)


class DeliverableSerializer(Serializer):
    id = Id()
    milestone_id = Id(allow_null=True)
    message = Text()
    attachments = Attachments()
    links = ListOf(Link())
    submitted_at = Moment(source="created_at")


class RevisionRequestSerializer(Serializer):
    id = Id()
    milestone_id = Id(allow_null=True)
    message = Text()
    extra_days = Integer()
    requested_at = Moment(source="created_at")


class OrderSerializer(Serializer):
    """One order as one of its parties sees it."""

    id = Id(source="order.id")
    gig_id = Id(source="order.gig_id")
    gig = OrderedGigSerializer(source="order.gig")
    client_id = Id(source="order.client_id")
    doer_id = Id(source="order.doer_id")
    client = PublicUserSerializer(source="order.client")
    doer = PublicUserSerializer(source="order.doer")
    amount = Paise(source="order.amount")
    platform_fee = Paise(source="money.platform_fee", min_value=0)
    gst = Paise(source="money.gst", min_value=0)
    tds = Paise(source="money.tds", min_value=0)
    doer_payout = Paise(source="money.doer_payout", min_value=0)
    refunded_amount = Paise(source="money.refunded_amount", min_value=0)
    escrow_state = Choice(["awaiting_payment", "funded", "released", "refunded"], source="money.escrow_state")
    status = Choice(OrderStatus.values, source="order.status")
    budget_type = Choice(BudgetType.values, source="order.budget_type")
    rate = Paise(source="order.rate", allow_null=True)
    agreed_hours = Integer(source="order.agreed_hours", allow_null=True)
    minutes_worked = Integer(source="order.minutes_worked", allow_null=True)
    payment_gateway_order_id = Text(source="money.gateway_order_id", allow_null=True)
    payment_gateway_payment_id = Text(source="money.gateway_payment_id", allow_null=True)
    milestones = OrderMilestoneSerializer(source="order.milestones.all", many=True)
    deliverables = DeliverableSerializer(source="order.deliverables.all", many=True)
    revision_requests = RevisionRequestSerializer(source="order.revision_requests.all", many=True)
    due_at = Moment(source="order.due_at", allow_null=True)
    unpaid_due_at = Moment(source="order.unpaid_due_at")
    auto_approve_at = Moment(source="order.auto_approve_at", allow_null=True)
    kind = Choice(GigKind.values, source="order.kind")
    scheduled_at = Moment(source="order.scheduled_at", allow_null=True)
    location = SerializerMethodField()
    start_code = SerializerMethodField()
    counterpart_phone = SerializerMethodField()
    conversation_id = Id(source="order.conversation_id")
    created_at = Moment(source="order.created_at")
    started_at = Moment(source="order.started_at", allow_null=True)
    submitted_at = Moment(source="order.submitted_at", allow_null=True)
    completed_at = Moment(source="order.completed_at", allow_null=True)
    cancelled_at = Moment(source="order.cancelled_at", allow_null=True)
    cancel_reason = Text(source="order.cancel_reason_or_none", allow_null=True)
    cancellation_fault = Text(source="order.cancellation_fault", allow_null=True)

    @extend_schema_field(PlaceSerializer(allow_null=True))
    def get_location(self, screen: OrderScreen) -> dict[str, Any] | None:
        gig = screen.order.gig
        return show_place(gig, is_exact=gig.shows_address_to(screen.viewer))

    def get_start_code(self, screen: OrderScreen) -> str | None:
        """The client alone sees it; giving it to the doer proves that they have met."""
        return screen.order.start_code or None if screen.side == "client" else None

    def get_counterpart_phone(self, screen: OrderScreen) -> str | None:
        order = screen.order
        if not (order.is_on_site and order.is_paid_for) or order.status == OrderStatus.CANCELLED:
            return None
        other = order.doer if screen.side == "client" else order.client
        return other.phone


class ReviewSerializer(Serializer):
    """What one side says of the other."""

    id = Id()
    order_id = Id()
    author = PublicUserSerializer()
    rating = Integer()
    tags = ListOf(Text())
    comment = Text(source="comment_or_none", allow_null=True)
    reply = Text(source="reply_or_none", allow_null=True)
    created_at = Moment()


class CheckoutSerializer(Serializer):
    """What the client's checkout needs to open."""

    razorpay_order_id = Text(source="gateway_order_id")
    key_id = SerializerMethodField()
    amount = Paise()
    currency = Text()

    def get_key_id(self, payment: Payment) -> str:
        return str(settings.RAZORPAY_KEY_ID)


class PlacedOrderSerializer(OrderSerializer):
    """An order that was just placed; `payment` is null while the gateway has not answered."""

    payment = CheckoutSerializer(source="checkout", allow_null=True)


class PrefillSerializer(Serializer):
    """What the checkout's form starts with."""

    name = Text()
    email = Text(allow_null=True)
    contact = Text(source="phone", allow_null=True)


class PaymentDueSerializer(CheckoutSerializer):
    """The payment that an order waits for."""

    payment_id = Id(source="id")
    order_id = SerializerMethodField()
    prefill = PrefillSerializer(source="payer")

    def get_order_id(self, payment: Payment) -> UUID:
        return payment.items.select_related("escrow")[0].escrow.whole


class BoostBody(Serializer):
    days = Integer(help_text=_("1, 3 or 7."))

    def validate_days(self, days: int) -> int:
        if days not in BOOST_DAYS:
            raise ValidationError([_("Must be one of: {allowed}.").format(allowed=", ".join(map(str, BOOST_DAYS)))])
        return days


class BoostDueSerializer(CheckoutSerializer):
    """The payment that a boost waits for; `amount` has the GST inside."""

    payment_id = Id(source="id")
    gig_id = Id(source="sale.about")
    prefill = PrefillSerializer(source="payer")


class TimelineEntrySerializer(Serializer):
    """One change of the state of an order, or of its milestone that is named."""

    id = Id()
    milestone_id = SerializerMethodField()
    from_ = SerializerMethodField()
    to = Text(source="to_status")
    actor_role = Text()
    actor_id = Id(allow_null=True)
    reason = SerializerMethodField()
    at = Moment()

    def get_milestone_id(self, change: StateChange) -> UUID | None:
        return change.subject_id if change.subject_type == Milestone.states.name else None

    def get_from_(self, change: StateChange) -> str | None:
        return change.from_status or None

    def get_reason(self, change: StateChange) -> str | None:
        return change.reason or None


class PeriodSerializer(Serializer):
    period = Text()
    amount = Integer()


class EarningsSerializer(Serializer):
    """Earned, done and paid out within the period; at work and awaited as of now. Paise."""

    total = Integer()
    completed_orders = Integer()
    in_progress_orders = Integer()
    pending_release = Paise(min_value=0)
    paid_out = Paise(min_value=0)
    series = PeriodSerializer(many=True)


class MilestoneSubmitBody(Serializer):
    message = Text(max_length=5_000)
    attachments = ListOf(Id(), required=False, max_length=20, unique=True)
    links = ListOf(Link(), required=False, max_length=20, unique=True)


class SubmitBody(MilestoneSubmitBody):
    """The work of a whole order; by the hour, with the minutes."""

    minutes_worked = Integer(required=False, min_value=1, max_value=MOST_MINUTES)


class RevisionBody(Serializer):
    message = Text(max_length=5_000)
    extra_days = Integer(required=False, min_value=0, max_value=60)


class StartBody(Serializer):
    code = Text(single_line=True, max_length=10)


class CancelBody(Serializer):
    reason = Choice(CANCEL_REASONS)
    comment = Text(required=False, allow_blank=True, max_length=1_000)
    quote_id = Id(required=False)


class RefundBody(Serializer):
    amount = Paise(min_value=SMALLEST_REFUND)
    reason = Text(max_length=1_000)


class CancellationQuoteSerializer(Serializer):
    """What cancelling comes to, in paise: the three amounts are all that is held. `doerAmount` is net of `fee`."""

    id = Id()
    client_refund = Paise(min_value=0)
    doer_amount = Paise(min_value=0)
    fee = Paise(min_value=0)
    fault = Choice([fault.value for fault in Fault])
    policy_version = Integer(source="order.policy_version")
    expires_at = Moment()


class CreateOrderBody(Serializer):
    order_id = Id()
    milestone_id = Id(required=False)


class VerifyBody(Serializer):
    """What the gateway's checkout hands to the page; its own spelling is taken as well as ours."""

    razorpay_order_id = Text(single_line=True, max_length=100)
    razorpay_payment_id = Text(single_line=True, max_length=100)
    razorpay_signature = Text(single_line=True, max_length=500)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            data = {camel(name) if name.startswith("razorpay_") else name: value for name, value in data.items()}
        return super().to_internal_value(data)


class ConfirmedPaymentSerializer(Serializer):
    """What is known of the payment now, and the order that it is for; a boost is for none."""

    payment = PaymentSerializer()
    order = OrderSerializer(allow_null=True)
