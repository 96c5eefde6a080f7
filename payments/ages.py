"""Maximum ages of whatever holds or moves money."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from khidma.kernel.aging import may_last, may_rest, must_happen, since_last_step
from payments.models import (
    AutoPayout,
    BankAccount,
    Chargeback,
    Difference,
    Escrow,
    GatewayAttempt,
    GatewayEvent,
    LedgerCheck,
    Payment,
    Payout,
    ReconciliationRun,
    Refund,
    Sale,
    SecondPersonAct,
    Settlement,
    SuspenseItem,
    Validation,
    WalletHold,
)
from payments.models.gateway import AttemptStatus, EventStatus, Operation
from payments.runtime import PaymentSettings
from payments.states import (
    BankAccountStatus,
    ChargebackStatus,
    DifferenceStatus,
    EscrowStatus,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
    SaleStatus,
    SecondPersonStatus,
    SuspenseStatus,
    ValidationStatus,
)

TAKEN_UP = timedelta(minutes=2)
"""A sweep that runs every 30 seconds has taken up what is due by then."""
LOOKED_AT = Q(look_at__isnull=False)

UNPAID = {PaymentStatus.CREATED, PaymentStatus.FAILED}
may_last(
    Payment,
    UNPAID,
    name="not captured, to be looked at",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.look_at_payments",
)
may_last(
    Payment,
    UNPAID,
    name="not captured, still looked at",
    where=LOOKED_AT,
    since="created_at",
    within=timedelta(days=7),
    sweep="payments.tasks.look_at_payments",
)

may_last(
    Escrow,
    {EscrowStatus.AWAITING, EscrowStatus.FUNDED},
    name="awaiting or funded",
    since="created_at",
    within=timedelta(days=400),
    people="finance: ask both sides",
)

DISPUTED = Chargeback.objects.filter(status__in=[ChargebackStatus.OPEN, ChargebackStatus.UNDER_REVIEW])
"""What a bank looks at holds its refunds."""
REFUND_UNDER_WAY = {RefundStatus.PROMISED, RefundStatus.SENT, RefundStatus.WAITING_FUNDS}
may_last(
    Refund,
    REFUND_UNDER_WAY,
    name="under way, to be looked at",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.send_refunds",
)
may_last(
    Refund,
    {RefundStatus.PROMISED},
    name="promised, not sent",
    where=Q(~Exists(DISPUTED.filter(capture=OuterRef("capture")))),
    since="created_at",
    within=timedelta(hours=1),
    sweep="payments.tasks.send_refunds",
)
may_last(
    Refund,
    {RefundStatus.WAITING_FUNDS},
    name="waiting for funds",
    since=since_last_step(Refund),
    within=timedelta(days=1),
    people="finance: top up the gateway's balance",
)
may_last(
    Refund,
    {RefundStatus.SENT},
    name="sent, the bank has not paid",
    since="created_at",
    within=timedelta(days=14),
    people="finance: ask the gateway",
)
may_last(
    Refund,
    {RefundStatus.FAILED},
    since=since_last_step(Refund),
    within=timedelta(days=3),
    people="finance: try again, or pay it another way",
)

may_last(
    Validation,
    {ValidationStatus.CREATED},
    name="created, to be looked at",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.look_at_validations",
)
may_last(
    Validation,
    {ValidationStatus.CREATED},
    since="created_at",
    within=timedelta(days=3),
    people="finance: ask the gateway",
)
may_last(
    BankAccount,
    {BankAccountStatus.VERIFYING},
    name="verifying, without a check",
    where=Q(~Exists(Validation.objects.filter(bank_account=OuterRef("pk"), status=ValidationStatus.CREATED))),
    since=since_last_step(BankAccount),
    within=TAKEN_UP,
    people="finance: fail the check by hand",
)

may_last(
    Payout,
    {PayoutStatus.REQUESTED},
    since="created_at",
    within=TAKEN_UP,
    sweep="payments.tasks.send_payouts",
)
may_last(
    Payout,
    {PayoutStatus.HELD},
    since="created_at",
    within=timedelta(days=3),
    people="finance: release or cancel it",
)
may_last(
    Payout,
    {PayoutStatus.QUEUED, PayoutStatus.PROCESSING},
    name="on its way, to be looked at",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.send_payouts",
)
may_last(
    Payout,
    {PayoutStatus.QUEUED},
    since="created_at",
    within=timedelta(days=8),
    people="finance: top up the payout account, or cancel it",
)
may_last(
    Payout,
    {PayoutStatus.PROCESSING},
    since="sent_at",
    within=timedelta(days=10),
    people="finance: ask the gateway",
)
may_last(
    Payout,
    name="processed, may still come back",
    where=LOOKED_AT & Q(status=PayoutStatus.PROCESSED),
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.send_payouts",
)

may_last(
    Chargeback,
    {ChargebackStatus.OPEN, ChargebackStatus.UNDER_REVIEW},
    name="undecided, to be looked at",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.look_at_chargebacks",
)
may_last(
    Chargeback,
    {ChargebackStatus.OPEN},
    name="open, not answered",
    where=Q(respond_by__isnull=False, has_evidence=False),
    since="respond_by",
    within=timedelta(0),
    people="finance: hand in evidence, or accept it",
)
may_last(
    Chargeback,
    {ChargebackStatus.OPEN, ChargebackStatus.UNDER_REVIEW},
    name="undecided",
    since="created_at",
    within=timedelta(days=120),
    people="finance: ask the gateway",
)
may_rest(
    Sale, {SaleStatus.AWAITING}, because="Money that comes for it later, or never, is booked or sent back by itself."
)
may_last(
    SecondPersonAct,
    {SecondPersonStatus.ASKED},
    since="created_at",
    within=lambda: timedelta(days=PaymentSettings.load().second_person_days, minutes=30),
    sweep="payments.tasks.lapse_acts",
)
may_last(
    WalletHold,
    name="live",
    where=Q(released_at__isnull=True),
    since="created_at",
    within=timedelta(days=180),
    people="finance: release it, or take what it is for",
)
may_last(
    Settlement,
    name="report to be read",
    where=LOOKED_AT,
    since="look_at",
    within=TAKEN_UP,
    sweep="payments.tasks.read_reports",
)

may_last(
    GatewayEvent,
    name="pending, due",
    where=Q(status=EventStatus.PENDING),
    since="due_at",
    within=TAKEN_UP,
    sweep="payments.tasks.work_through_events",
)
may_last(
    GatewayEvent,
    name="pending, tried again and again",
    where=Q(status=EventStatus.PENDING),
    since="created_at",
    within=timedelta(days=1),
    sweep="payments.tasks.work_through_events",
)
may_last(
    GatewayEvent,
    name="dead",
    where=Q(status=EventStatus.DEAD),
    since="created_at",
    within=timedelta(0),
    people="finance: try again in the admin",
)
may_last(
    GatewayAttempt,
    name="started",
    where=Q(status=AttemptStatus.STARTED) & ~Q(operation=Operation.ORDER),
    since="created_at",
    within=timedelta(days=15),
    people="finance: ask the gateway",
)
may_last(
    Difference,
    {DifferenceStatus.OPEN, DifferenceStatus.EXPLAINED},
    name="live",
    since="created_at",
    within=timedelta(days=30),
    people="finance: explain and resolve it in the admin",
)
may_last(
    SuspenseItem,
    {SuspenseStatus.OPEN},
    name="open",
    since="created_at",
    within=timedelta(days=7),
    people="finance: decide it in the admin",
)
must_happen(
    ReconciliationRun,
    name="payments.reconciliationrun: the books were compared",
    where=Q(finished_at__isnull=False),
    since="finished_at",
    within=timedelta(hours=26),
    sweep="payments.tasks.reconcile_at_night",
)
must_happen(
    LedgerCheck,
    name="payments.ledgercheck: the books were added up",
    since="created_at",
    within=timedelta(hours=1),
    sweep="payments.tasks.check_books",
)
# An order that the gateway may have made unheard moves no money: nobody was told its id, and the next try finds it.

may_rest(
    BankAccount,
    {BankAccountStatus.UNVERIFIED, BankAccountStatus.VERIFIED, BankAccountStatus.FAILED},
    because="Its owner asks for the check, and again if it failed.",
)

may_last(
    AutoPayout,
    name="weekly withdrawal, due",
    where=Q(enabled=True),
    since="next_at",
    within=timedelta(hours=2),
    sweep="payments.tasks.pay_out_weekly",
)
