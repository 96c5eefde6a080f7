"""Requests about payments, bank accounts, payouts and taxes."""

import secrets

from accounts.tests.factories import make_client, make_doer, make_operator
from orders.tests.factories import (
    make_completed_order,
    make_order,
)
from payments import services as payments
from payments.selectors import escrow_of
from payments.tests.factories import make_bank_account, make_payout
from sandbox.testing import StandIn
from verify.idempotency.cases import Case, case


@case("PUT /api/doers/me/tax-profile")
def set_tax_profile(gateway: StandIn) -> Case:
    body = {"panStatus": "individual", "state": "29"}
    return Case(make_doer(), "/api/doers/me/tax-profile", body, make_doer())


@case("PUT /api/wallet/auto-payout")
def choose_auto_payout(gateway: StandIn) -> Case:
    body = {"enabled": True, "weekday": "friday", "minimum": 50_000}
    return Case(make_doer(), "/api/wallet/auto-payout", body, make_doer())


@case("POST /api/payments/create-order")
def create_order(gateway: StandIn) -> Case:
    order = make_order()
    return Case(order.client, "/api/payments/create-order", {"orderId": str(order.pk)}, make_client())


@case("POST /api/payments/verify")
def verify(gateway: StandIn) -> Case:
    order = make_order()
    escrow = escrow_of(order.pk)
    payment = payments.start_payment(payer=order.client, references=[escrow.reference], purpose="order")
    payment = payments.open_gateway_order(payment_id=payment.pk)
    paid = gateway.pay(str(payment.gateway_order_id), outcome="success", method="upi")
    body = {name: value for name, value in paid.items() if name.startswith("razorpay_")}
    return Case(order.client, "/api/payments/verify", body, make_client())


@case("POST /api/bank-accounts")
def add_bank_account(gateway: StandIn) -> Case:
    number = f"{secrets.randbelow(10**11) + 10**11}"
    body = {"holderName": "Ravi Kumar", "accountNumber": number, "ifsc": "HDFC0000053"}
    return Case(make_doer(), "/api/bank-accounts", body, make_doer())


@case("DELETE /api/bank-accounts/{bankAccountId}")
def remove_bank_account(gateway: StandIn) -> Case:
    user = make_doer()
    return Case(user, f"/api/bank-accounts/{make_bank_account(user).pk}", None, make_doer())


@case("POST /api/bank-accounts/{bankAccountId}/default")
def make_default(gateway: StandIn) -> Case:
    user = make_doer()
    make_bank_account(user)
    return Case(user, f"/api/bank-accounts/{make_bank_account(user).pk}/default", None, make_doer())


@case("POST /api/bank-accounts/{bankAccountId}/verify")
def verify_bank_account(gateway: StandIn) -> Case:
    user = make_doer()
    number = f"{secrets.randbelow(10**11) + 10**11}"
    account = payments.add_bank_account(user=user, holder_name="Ravi Kumar", account_number=number, ifsc="HDFC0000053")
    return Case(user, f"/api/bank-accounts/{account.pk}/verify", {}, make_doer())


@case("POST /api/wallet/withdraw")
def withdraw(gateway: StandIn) -> Case:
    order = make_completed_order()
    make_bank_account(order.doer)
    return Case(order.doer, "/api/wallet/withdraw", {"amount": 100_000}, make_doer())


@case("POST /api/wallet/payouts/{payoutId}/cancel")
def cancel_payout(gateway: StandIn) -> Case:
    user = make_doer()
    return Case(user, f"/api/wallet/payouts/{make_payout(user).pk}/cancel", None, make_doer())


@case("POST /api/admin/payouts/{payoutId}/hold")
def hold_payout(gateway: StandIn) -> Case:
    path = f"/api/admin/payouts/{make_payout(make_doer()).pk}/hold"
    return Case(make_operator("finance"), path, {"reason": "Odd."}, make_operator("finance"))


@case("POST /api/admin/payouts/{payoutId}/approve")
def approve_payout(gateway: StandIn) -> Case:
    payout = make_payout(make_doer())
    payments.hold_payout(payout=payout, operator=make_operator("finance"), reason="Odd.")
    path = f"/api/admin/payouts/{payout.pk}/approve"
    return Case(make_operator("finance"), path, {"reason": "Asked; all well."}, make_operator("finance"))
