"""Bad input for every operation on money: each is refused with its code, and changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.tests.factories import make_gig
from khidma.kernel.ids import new_id
from khidma.kernel.money import CAP_PAISE
from khidma.tests.client import JsonClient
from orders.models import Order
from orders.tests.evidence import nothing_changes
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_hourly_order,
    make_milestone_order,
    make_order,
    make_submitted_order,
)
from payments import services
from payments.models import Payment
from payments.selectors import escrow_of
from payments.tests.factories import earn, make_bank_account, make_payment, make_payout

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]
Case = tuple[Any, int, str]

INVALID = (400, "validation_error")
NOT_AN_AMOUNT: list[Any] = [
    0,
    -1,
    -50_000,
    1.5,
    50_000.0,
    "50000",
    "1_000",
    "",
    True,
    None,
    [],
    {},
    CAP_PAISE + 1,
    10**30,
]
NOT_A_TEXT: list[Any] = [None, "", 5, True, []]
NOT_AN_ID: list[Any] = [0, 1.5, True, "", "x", [], {}, "0" * 32 + "z"]


@dataclass
class Caller:
    """One who calls one address."""

    client: JsonClient
    path: str
    method: str = "post"

    def check_refused(self, *cases: Case) -> None:
        """Each body gets its status and code; all that is wrong is told at once."""
        wrong = []
        for body, status, code in cases:
            with nothing_changes():
                answer = getattr(self.client, self.method)(self.path, body)
            found = (answer.status_code, answer.json().get("error", {}).get("code"))
            if found != (status, code):
                wrong.append(f"{body!r}: {found}, not {(status, code)}")
        assert not wrong, wrong


def amounts(**rest: Any) -> list[Case]:
    return [({"amount": amount, **rest}, *INVALID) for amount in NOT_AN_AMOUNT]


def rich_doer(amount: int = 50_000) -> User:
    user = make_doer()
    earn(user, amount)
    make_bank_account(user)
    return user


# Wallet


def test_a_withdrawal(api: Api) -> None:
    doer, stranger = rich_doer(), rich_doer()
    unverified = services.add_bank_account(user=doer, holder_name="Ravi Kumar", vpa="ravi@okbank")
    strangers, removed = stranger.bank_accounts.get(), make_bank_account(doer)
    services.remove_bank_account(account=removed)
    good = {"amount": 50_000}
    Caller(api(doer), "/api/wallet/withdraw").check_refused(
        *amounts(),
        ({}, *INVALID),
        ([], *INVALID),
        ({**good, "fee": 0}, *INVALID),
        *[({**good, "bankAccountId": value}, *INVALID) for value in NOT_AN_ID],
        ({"amount": 1}, 409, "payout_too_small"),
        ({"amount": 9_999}, 409, "payout_too_small"),
        ({"amount": 50_001}, 409, "insufficient_balance"),
        ({"amount": CAP_PAISE}, 409, "insufficient_balance"),
        ({**good, "bankAccountId": str(unverified.pk)}, 409, "bank_account_not_verified"),
        ({**good, "bankAccountId": str(strangers.pk)}, 404, "not_found"),
        ({**good, "bankAccountId": str(removed.pk)}, 404, "not_found"),
        ({**good, "bankAccountId": str(new_id())}, 404, "not_found"),
    )
    Caller(api(make_doer()), "/api/wallet/withdraw").check_refused((good, 409, "no_bank_account"))
    Caller(api(), "/api/wallet/withdraw").check_refused((good, 401, "not_authenticated"))


def test_money_that_is_held_or_over_the_days_limit(api: Api) -> None:
    doer = rich_doer(100_000_100)
    Caller(api(doer), "/api/wallet/withdraw").check_refused(({"amount": 100_000_001}, 409, "payout_limit_reached"))
    services.hold_wallet(user_id=doer.pk, amount=100_000_000, reason="chargeback", reference=new_id())
    Caller(api(doer), "/api/wallet/withdraw").check_refused(({"amount": 101}, 409, "insufficient_balance"))


def test_a_weekly_withdrawal(api: Api) -> None:
    good = {"enabled": True, "weekday": "friday", "minimum": 50_000}
    days: list[Any] = ["Friday", "", 0, 8, -1, 1.0, True, None, [], {}]
    Caller(api(rich_doer()), "/api/wallet/auto-payout", "put").check_refused(
        *[({**good, "minimum": amount}, *INVALID) for amount in NOT_AN_AMOUNT],
        *[({**good, "weekday": day}, *INVALID) for day in days],
        *[({**good, "enabled": value}, *INVALID) for value in [*NOT_A_TEXT[:3], 1, "true"]],
        *[({name: value for name, value in good.items() if name != gone}, *INVALID) for gone in good],
        ({**good, "minimum": 1}, 409, "payout_too_small"),
        ({**good, "minimum": 9_999}, 409, "payout_too_small"),
    )


def test_somebody_elses_withdrawal_and_account(api: Api) -> None:
    payout = make_payout(make_doer())
    for path in (
        f"/api/wallet/payouts/{payout.pk}/cancel",
        f"/api/bank-accounts/{payout.bank_account_id}/verify",
        f"/api/bank-accounts/{payout.bank_account_id}/default",
        f"/api/wallet/payouts/{new_id()}/cancel",
    ):
        Caller(api(rich_doer()), path).check_refused((None, 404, "not_found"))


def test_what_operators_do_with_withdrawals(api: Api) -> None:
    payout = make_payout(make_doer())
    finance, path = api(make_operator("finance")), "/api/admin/payouts"
    Caller(finance, f"{path}/{payout.pk}/hold").check_refused(
        *[({"reason": value}, *INVALID) for value in [*NOT_A_TEXT, {}, "x" * 501]],
        ({}, *INVALID),
        ({"reason": "Looks odd.", "amount": 1}, *INVALID),
    )
    Caller(finance, f"{path}/{payout.pk}/approve").check_refused(
        (None, 409, "payout_not_held"), ({"amount": 1}, *INVALID), ({"reason": 5}, *INVALID)
    )
    Caller(finance, f"{path}/{new_id()}/approve").check_refused((None, 404, "not_found"))
    for stranger in (payout.user, make_operator("support"), make_operator("trust")):
        Caller(api(stranger), f"{path}/{payout.pk}/hold").check_refused(({"reason": "Odd."}, 403, "permission_denied"))


# Paying


def test_asking_to_pay(api: Api) -> None:
    order, paid = make_order(), make_funded_order()
    client, path = api(order.client), "/api/payments/create-order"
    Caller(client, path).check_refused(
        *[({"orderId": value}, *INVALID) for value in (*NOT_AN_ID, None)],
        ({}, *INVALID),
        ({"orderId": str(order.pk), "amount": 1}, *INVALID),
        ({"orderId": str(new_id())}, 404, "not_found"),
        ({"orderId": str(paid.pk)}, 404, "not_found"),
        ({"orderId": str(order.pk), "milestoneId": str(new_id())}, 404, "not_found"),
    )
    Caller(api(paid.client), path).check_refused(({"orderId": str(paid.pk)}, 409, "already_paid"))
    Caller(api(order.doer), path).check_refused(({"orderId": str(order.pk)}, 403, "permission_denied"))


def test_asking_to_pay_for_a_milestone(api: Api) -> None:
    order, others = make_milestone_order(), make_milestone_order()
    first = order.milestones.order_by("position")[0]
    Caller(api(order.client), "/api/payments/create-order").check_refused(
        *[({"orderId": str(order.pk), "milestoneId": value}, *INVALID) for value in NOT_AN_ID],
        ({"orderId": str(order.pk), "milestoneId": str(others.milestones.all()[0].pk)}, 404, "not_found"),
        ({"orderId": str(others.pk), "milestoneId": str(first.pk)}, 404, "not_found"),
    )


def test_claiming_to_have_paid(api: Api) -> None:
    order = make_order()
    payment: Payment = make_payment(escrow_of(order.pk))
    good = {
        "razorpay_order_id": payment.gateway_order_id,
        "razorpay_payment_id": "pay_12345678901234",
        "razorpay_signature": "0" * 64,
    }
    Caller(api(order.client), "/api/payments/verify").check_refused(
        (good, 400, "invalid_signature"),
        ({**good, "razorpay_signature": "💰"}, 400, "invalid_signature"),
        *[({**good, name: value}, *INVALID) for name in good for value in [*NOT_A_TEXT, 1.5]],
        ({**good, "amount": 1}, *INVALID),
        ({**good, "razorpay_order_id": "order_12345678901234"}, 404, "not_found"),
    )
    Caller(api(make_client()), "/api/payments/verify").check_refused((good, 404, "not_found"))


# Orders


def test_hours_that_were_worked(api: Api) -> None:
    order = make_hourly_order(rate=30_000, hours=10)
    path = f"/api/orders/{order.pk}"
    minutes: list[Any] = [0, -1, 1.5, 60.0, "60", True, None, [], 10**30]
    Caller(api(order.doer), f"{path}/submit").check_refused(
        *[({"message": "Done.", "minutesWorked": value}, *INVALID) for value in minutes],
        ({"message": "Done."}, *INVALID),
        ({"message": "Done.", "minutesWorked": 601}, *INVALID),
        ({"message": "Done.", "minutesWorked": 60, "amount": 1}, *INVALID),
    )
    Caller(api(order.client), f"{path}/approve").check_refused((None, 409, "order_not_submitted"))
    Caller(api(order.client), f"{path}/submit").check_refused(
        ({"message": "Done.", "minutesWorked": 60}, 403, "permission_denied")
    )


def test_approving(api: Api) -> None:
    order = make_submitted_order()
    path = f"/api/orders/{order.pk}/approve"
    Caller(api(order.doer), path).check_refused((None, 403, "permission_denied"))
    Caller(api(make_client()), path).check_refused((None, 404, "not_found"))
    Caller(api(make_completed_order().client), path).check_refused((None, 404, "not_found"))


def test_milestones(api: Api) -> None:
    order, others = make_milestone_order(), make_milestone_order(funded=True)
    first = order.milestones.order_by("position")[0]
    theirs = others.milestones.order_by("position")[0]

    def path(whose: Order, milestone_id: UUID, verb: str) -> str:
        return f"/api/orders/{whose.pk}/milestones/{milestone_id}/{verb}"

    done = {"message": "Done."}
    Caller(api(order.doer), path(order, first.pk, "submit")).check_refused((done, 409, "milestone_not_funded"))
    for verb in ("submit", "request-revision"):
        Caller(api(order.doer), path(order, theirs.pk, verb)).check_refused((done, 404, "not_found"))
        Caller(api(order.doer), path(others, theirs.pk, verb)).check_refused((done, 404, "not_found"))
    Caller(api(others.client), path(others, theirs.pk, "approve")).check_refused((None, 409, "milestone_not_submitted"))
    Caller(api(others.doer), path(others, theirs.pk, "approve")).check_refused((None, 403, "permission_denied"))
    Caller(api(others.doer), path(others, theirs.pk, "submit")).check_refused(
        *[({"message": value}, *INVALID) for value in NOT_A_TEXT],
        ({**done, "amount": 1}, *INVALID),
    )


def test_cancelling(api: Api) -> None:
    order = make_funded_order()
    path = f"/api/orders/{order.pk}/cancel"
    good = {"reason": "changed_mind"}
    Caller(api(order.client), path).check_refused(
        *[({"reason": value}, *INVALID) for value in [*NOT_A_TEXT, "bored"]],
        *[({**good, "quoteId": value}, *INVALID) for value in NOT_AN_ID],
        ({**good, "clientRefund": 300_000}, *INVALID),
    )
    Caller(api(make_client()), path).check_refused((good, 404, "not_found"))


def test_a_refund_by_an_operator(api: Api) -> None:
    order, unpaid = make_funded_order(amount=300_000), make_order()
    finance, reason = api(make_operator("finance")), {"reason": "The client was promised a discount."}
    good = {"amount": 100_000, **reason}
    path = f"/api/admin/orders/{order.pk}/refund"
    Caller(finance, path).check_refused(
        *amounts(**reason),
        ({"amount": 1, **reason}, *INVALID),
        ({"amount": 99, **reason}, *INVALID),
        ({"amount": 100_000}, *INVALID),
        *[({"amount": 100_000, "reason": value}, *INVALID) for value in NOT_A_TEXT],
        ({**good, "to": "wallet"}, *INVALID),
        ({"amount": 300_001, **reason}, 409, "part_too_large"),
        ({"amount": CAP_PAISE, **reason}, 409, "part_too_large"),
    )
    Caller(finance, f"/api/admin/orders/{unpaid.pk}/refund").check_refused((good, 409, "order_not_refundable"))
    Caller(finance, f"/api/admin/orders/{new_id()}/refund").check_refused((good, 404, "not_found"))
    for stranger in (order.client, order.doer, make_operator("support")):
        Caller(api(stranger), path).check_refused((good, 403, "permission_denied"))


def test_a_boost(api: Api) -> None:
    gig = make_gig()
    path = f"/api/gigs/{gig.pk}/boost"
    Caller(api(gig.client), path).check_refused(
        *[({"days": value}, *INVALID) for value in [*NOT_A_TEXT, 0, -1, 2, 8, 1.5, 3.0, "3", {}, 10**30]],
        ({}, *INVALID),
        ({"days": 3, "amount": 1}, *INVALID),
    )
    Caller(api(make_client()), path).check_refused(({"days": 3}, 404, "not_found"))
    Caller(api(gig.client), f"/api/gigs/{new_id()}/boost").check_refused(({"days": 3}, 404, "not_found"))
