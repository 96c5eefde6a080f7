"""Cancelling a paid order: who gets what, when, and what becomes of gig, quote and announcement."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_operator
from gigs.models import Gig
from gigs.states import ApplicationStatus, GigStatus
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from khidma.kernel.ids import new_id
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.kernel.states import history
from orders import services, tasks
from orders.errors import (
    OrderNotInProgress,
    QuoteChanged,
    WorkAlreadySubmitted,
)
from orders.models import Cancellation, CancellationPolicy, CancellationQuote, Order
from orders.runtime import CancellationSettings
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_hourly_order,
    make_order,
    make_submitted_order,
)
from payments.models import Escrow, Payment, Refund
from payments.services import open_gateway_order, quote_shares, send_refund
from payments.tests.factories import balance, books

pytestmark = pytest.mark.django_db

ON_SITE: dict[str, Any] = {"kind": "on_site", "category": "cleaning"}


def when(order: Order, **moments: timedelta) -> Order:
    """Move the order's moments to so far from now: the same as waiting."""
    Order.objects.filter(pk=order.pk).update(**{name: now() + distance for name, distance in moments.items()})
    order.refresh_from_db()
    return order


def make_begun_order(**over: Any) -> Order:
    """A remote order three hours after its payment: a quarter is the doer's if the client walks away."""
    return when(make_funded_order(**over), funded_at=-timedelta(hours=3))


def promised(order: Order) -> int:
    return balance("refund_pending", Payment.objects.get(items__escrow__reference=order.pk).pk)


def held(order: Order) -> int:
    return balance("escrow", Escrow.objects.get(reference=order.pk).pk)


def income() -> int:
    return balance("platform_fee") + balance("gst_payable") + balance("tds_payable")


def contest_is_over(order: Order) -> None:
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))


# Who gets what


def test_before_work_began_the_client_gets_everything_and_the_gig_is_open_again() -> None:
    order = make_funded_order()
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind", comment="Sorry.")
    assert (order.status, order.cancel_reason) == ("cancelled", "changed_mind")
    assert (promised(order), held(order), balance("wallet", order.doer_id), income()) == (order.amount, 0, 0, 0)
    order.gig.refresh_from_db()
    order.application.refresh_from_db()
    assert (order.gig.status, order.application.status) == (GigStatus.OPEN, ApplicationStatus.LAPSED)
    last = history(order).last()
    assert last is not None
    assert (last.action, last.actor_role, last.reason) == ("cancel", "client", "Sorry.")
    told = announced("OrderCancelled")[0]
    assert (told["fault"], told["client_refund"], told["doer_amount"]) == ("client", order.amount, 0)
    assert (told["escrow_state"], told["contested_until"]) == ("refunded", None)


def test_once_work_began_a_quarter_is_the_doers_and_the_gig_ends() -> None:
    order = make_begun_order(amount=300_000)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    shares = quote_shares(amount=75_000, commission_bp=1_000, payee_id=order.doer_id)
    assert (promised(order), balance("wallet", order.doer_id)) == (225_000, shares.payee_net)
    assert income() == 75_000 - shares.payee_net
    order.gig.refresh_from_db()
    assert order.gig.status == GigStatus.CANCELLED
    assert announced("OrderCancelled")[0]["escrow_state"] == "released"


def test_a_doer_who_gives_up_leaves_the_client_everything() -> None:
    order = make_begun_order()
    services.cancel_order(order=order, actor=order.doer, reason="other")
    assert (promised(order), balance("wallet", order.doer_id)) == (order.amount, 0)
    assert order.cancellation.fault == "doer"


@pytest.mark.parametrize("amount", [1_000, 1_001, 1_003, 33_333, 99_999, 300_001, 123_456_789])
@pytest.mark.parametrize("reason", ["changed_mind", "doer_unreachable", "emergency"])
def test_no_paisa_is_made_or_lost(amount: int, reason: str) -> None:
    order = make_begun_order(amount=amount)
    services.cancel_order(order=order, actor=order.client, reason=reason)
    assert promised(order) + held(order) + balance("wallet", order.doer_id) + income() == amount
    contest_is_over(order)
    tasks.settle_cancellations()
    assert promised(order) + balance("wallet", order.doer_id) + income() == amount
    assert held(order) == 0
    cancellation = Cancellation.objects.get(order=order)
    assert promised(order) == cancellation.client_refund
    assert cancellation.client_refund + cancellation.doer_gross == amount
    assert sum(Refund.objects.values_list("amount", flat=True)) == cancellation.client_refund


def test_refunds_of_a_cancellation_are_sent_by_themselves(gateway: Any) -> None:
    for order in (make_order(), make_order()):  # the other payment pays the gateway's fee on this one
        payment = open_gateway_order(payment_id=Payment.objects.get(payer=order.client).pk)
        handed = gateway.pay(payment.gateway_order_id, webhook=False)
        services.verify_payment(
            payment=payment,
            client=order.client,
            gateway_payment_id=handed["razorpay_payment_id"],
            signature=handed["razorpay_signature"],
        )
        order.refresh_from_db()
    services.cancel_order(order=order, actor=order.client, reason="other")
    for refund in Refund.objects.all():
        send_refund(refund_id=refund.pk)
    assert [refund.status for refund in Refund.objects.all()] == ["processed"]
    assert promised(order) == 0


# The part that may be contested


def test_a_reason_that_blames_the_other_side_leaves_the_part_at_stake_in_escrow() -> None:
    order = make_begun_order(amount=300_000)
    order = services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    assert (order.status, promised(order), held(order)) == ("cancelled", 225_000, 75_000)
    cancellation = order.cancellation
    assert (cancellation.fault, cancellation.kept, cancellation.is_settled) == ("doer", 75_000, False)
    assert cancellation.due_at is not None
    assert cancellation.due_at - now() == pytest.approx(timedelta(hours=48), abs=timedelta(minutes=1))
    told = announced("OrderCancelled")[0]
    assert (told["client_refund"], told["escrow_state"]) == (300_000, "funded")
    with nothing_changes():
        assert tasks.settle_cancellations() == 0
    contest_is_over(order)
    assert tasks.settle_cancellations() == 1
    assert (promised(order), held(order), balance("wallet", order.doer_id)) == (300_000, 0, 0)
    settled = announced("CancellationSettled")
    assert [(told["refunded"], told["doer_amount"]) for told in settled] == [(75_000, 0)]
    with nothing_changes():
        assert tasks.settle_cancellations() == 0


def test_a_doer_who_blames_the_client_is_paid_after_the_contest() -> None:
    order = make_funded_order(amount=300_000, **ON_SITE)
    when(order, scheduled_at=-timedelta(hours=1))
    order = services.cancel_order(order=order, actor=order.doer, reason="client_no_show")
    assert (promised(order), held(order), balance("wallet", order.doer_id)) == (270_000, 30_000, 0)
    contest_is_over(order)
    assert tasks.settle_cancellations() == 1
    shares = quote_shares(amount=30_000, commission_bp=1_000, payee_id=order.doer_id)
    assert (promised(order), held(order), balance("wallet", order.doer_id)) == (270_000, 0, shares.payee_net)


def test_an_emergency_of_the_client_is_contestable_too() -> None:
    order = make_begun_order(amount=300_000)
    services.cancel_order(order=order, actor=order.client, reason="emergency")
    assert (order.cancellation.fault, held(order)) == ("none", 75_000)


# What stands in the way


def test_submitted_work_is_not_cancelled_away() -> None:
    submitted, completed, sent_back = make_submitted_order(), make_completed_order(), make_submitted_order()
    services.request_revision(order=sent_back, client=sent_back.client, message="Again.")
    for order in (submitted, completed, sent_back):
        order.refresh_from_db()
        for actor in (order.client, order.doer):
            with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
                services.cancel_order(order=order, actor=actor, reason="doer_unreachable")
            with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
                services.quote_cancellation(order=order, actor=actor)


def test_a_cancelled_order_is_neither_quoted_nor_submitted_nor_approved() -> None:
    order = make_funded_order()
    order = services.cancel_order(order=order, actor=order.client, reason="other")
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        services.quote_cancellation(order=order, actor=order.client)
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        services.submit_work(order=order, doer=order.doer, message="Late.")


def test_work_by_the_hour_is_cancelled_like_a_fixed_price() -> None:
    order = when(make_hourly_order(rate=30_000, hours=10), funded_at=-timedelta(hours=3))
    services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (promised(order), held(order)) == (225_000, 0)
    assert (
        balance("wallet", order.doer_id)
        == quote_shares(amount=75_000, commission_bp=1_000, payee_id=order.doer_id).payee_net
    )


def test_a_consequence_that_cannot_be_carried_out_blocks_nothing() -> None:
    order = make_funded_order()
    Gig.objects.filter(pk=order.gig_id).update(status=GigStatus.CANCELLED)
    order = services.cancel_order(order=order, actor=order.client, reason="other")
    assert (order.status, promised(order)) == ("cancelled", order.amount)
    order.application.refresh_from_db()
    assert order.application.status == ApplicationStatus.ACCEPTED
    assert len(announced("OrderCancelled")) == 1


# Quotes


def test_a_quote_says_what_each_gets_and_what_we_take() -> None:
    order = make_begun_order(amount=300_001)
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    shares = quote_shares(amount=75_000, commission_bp=1_000, payee_id=order.doer_id)
    assert (quote.client_refund, quote.doer_amount, quote.fault) == (225_001, shares.payee_net, "client")
    assert quote.client_refund + quote.doer_amount + quote.fee == 300_001
    assert quote.expires_at - now() == pytest.approx(timedelta(minutes=10), abs=timedelta(minutes=1))


def test_what_the_quote_showed_is_what_is_charged() -> None:
    order = make_funded_order()
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    when(order, funded_at=-timedelta(hours=3))
    services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    assert promised(order) == order.amount == quote.client_refund


def expire(quote: CancellationQuote) -> None:
    CancellationQuote.objects.filter(pk=quote.pk).update(expires_at=now() - timedelta(seconds=1))


def test_an_expired_quote_that_is_now_worse_is_refused() -> None:
    order = make_funded_order(amount=300_000)
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    when(order, funded_at=-timedelta(hours=3))
    expire(quote)
    with nothing_changes(), pytest.raises(QuoteChanged) as refused:
        services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    assert refused.value.details["clientRefund"] == 225_000
    assert refused.value.details["fault"] == "client"


def test_an_expired_quote_that_is_no_worse_is_as_good_as_none() -> None:
    order = make_begun_order(amount=300_000)
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    when(order, due_at=-timedelta(minutes=1))
    expire(quote)
    services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    assert promised(order) == 300_000


def test_a_quote_for_another_reason_binds_nobody() -> None:
    order = make_begun_order(amount=300_000)
    quote = services.quote_cancellation(order=order, actor=order.client, reason="doer_unreachable")
    with nothing_changes(), pytest.raises(QuoteChanged):
        services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)


def test_a_quote_from_before_a_refund_in_part_is_not_charged() -> None:
    order = make_begun_order(amount=300_000)
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    services.refund_order(order=order, operator=make_operator("finance"), amount=100_000, reason="Goodwill.")
    with nothing_changes(), pytest.raises(QuoteChanged):
        services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert promised(order) == 100_000 + 150_000


def quoted_to(order: Order, asker: User) -> CancellationQuote:
    return services.quote_cancellation(order=order, actor=asker, reason="other")


def test_only_the_callers_own_quote_for_this_order_counts() -> None:
    order, other = make_funded_order(), make_funded_order()
    foreign = [quoted_to(order, order.doer).pk, quoted_to(other, other.client).pk, new_id()]
    for quote_id in foreign:
        with nothing_changes(), pytest.raises(Invalid):
            services.cancel_order(order=order, actor=order.client, reason="other", quote_id=quote_id)


def test_an_unpaid_order_is_quoted_without_money_or_fault() -> None:
    order = make_order()
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    assert (quote.client_refund, quote.doer_amount, quote.fee, quote.fault) == (0, 0, 0, "none")
    services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    assert (order.cancellation.held, order.cancellation.is_settled) == (0, True)


def test_quotes_are_forgotten_a_day_after_they_expired() -> None:
    order = make_funded_order()
    old, fresh = quoted_to(order, order.client), quoted_to(order, order.client)
    CancellationQuote.objects.filter(pk=old.pk).update(expires_at=now() - timedelta(days=2))
    expire(fresh)
    assert tasks.forget_old_quotes() == 1
    assert list(CancellationQuote.objects.all()) == [fresh]


# The policy's version


def test_an_order_keeps_the_policy_that_it_was_placed_under() -> None:
    old = make_begun_order(amount=300_000)
    change(CancellationSettings, {"begun_bp": 5_000})
    new = make_begun_order(amount=300_000)
    assert old.policy_version != new.policy_version
    for order, refund in ((old, 225_000), (new, 150_000)):
        services.cancel_order(order=order, actor=order.client, reason="changed_mind")
        assert promised(order) == refund
    change(CancellationSettings, {"begun_bp": 2_500})
    assert make_order().policy_version == old.policy_version
    assert CancellationPolicy.objects.count() == 2


def test_nothing_is_told_twice_and_every_handler_can_live_with_it() -> None:
    order = make_begun_order()
    services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    contest_is_over(order)
    tasks.settle_cancellations()
    before = books()
    deliver_due()
    assert books() == before
    assert len(announced("OrderCancelled")) == len(announced("CancellationSettled")) == 1
