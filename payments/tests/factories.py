"""Money for tests, made as real money is: captured by a sighting of the gateway, decided, withdrawn."""

import itertools
import secrets
import string
from uuid import UUID

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.kernel.ids import new_id
from payments import services
from payments.models import Account, BankAccount, Escrow, Payment, Payout
from payments.providers.gateway import OrderSighting, Sighting, ValidationSighting
from payments.runtime import PaymentSettings
from payments.selectors import escrow_of
from payments.services.paying import adopt_order

_numbers = itertools.count(1)


def gateway_id(prefix: str) -> str:
    """An id such as the gateway gives."""
    return f"{prefix}_{''.join(secrets.choice(string.ascii_letters + string.digits) for _ in range(14))}"


def make_escrow(amount: int = 100_000, payer: User | None = None, payee: User | None = None) -> Escrow:
    """An escrow that awaits its money."""
    return services.open_escrow(
        reference=new_id(),
        payer=payer or make_client(),
        payee=payee or make_doer(),
        amount=amount,
        commission_bp=PaymentSettings.load().commission_bp,
    )


def make_payment(*escrows: Escrow) -> Payment:
    """A payment whose order stands at the gateway, without a gateway to ask."""
    payment = services.start_payment(
        payer=escrows[0].payer, references=[escrow.reference for escrow in escrows], purpose="order"
    )
    if payment.gateway_order_id:
        return payment
    order = OrderSighting(gateway_id("order"), str(payment.pk), payment.amount, "INR", "created")
    return adopt_order(payment_id=payment.pk, order=order)


def captured(payment: Payment, **over: object) -> Sighting:
    """What the gateway says of a payment that it has captured: 2 % fee, and GST on it."""
    amount = payment.amount
    fee = (amount * 2 + 50) // 100
    tax = (fee * 18 + 50) // 100
    facts = {
        "payment_id": gateway_id("pay"),
        "order_id": payment.gateway_order_id,
        "status": "captured",
        "amount": amount,
        "currency": "INR",
        "method": "upi",
        "fee": fee + tax,
        "fee_tax": tax,
    }
    return Sighting(**{**facts, **over})  # type: ignore[arg-type]


def fund(reference: UUID) -> Payment:
    """The payer of this reference pays."""
    payment = make_payment(escrow_of(reference))
    return services.record_sighting(payment_id=payment.pk, sighting=captured(payment))


def make_funded_escrow(amount: int = 100_000, payer: User | None = None, payee: User | None = None) -> Escrow:
    """An escrow that holds its money."""
    escrow = make_escrow(amount, payer, payee)
    fund(escrow.reference)
    return escrow_of(escrow.reference)


def earn(user: User, amount: int) -> None:
    """Put at least this much into the user's wallet, by work that was paid for and approved; it holds exactly this."""
    gross = amount
    while (quoted := services.quote_shares(amount=gross, commission_bp=0, payee_id=user.pk)).payee_net < amount:
        gross += amount - quoted.payee_net
    escrow = services.open_escrow(reference=new_id(), payer=make_client(), payee=user, amount=gross, commission_bp=0)
    fund(escrow.reference)
    services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="approved")


def make_bank_account(user: User, number: str = "") -> BankAccount:
    """A verified account, by a penny drop that came back well."""
    account = services.add_bank_account(
        user=user, holder_name="Ravi Kumar", account_number=number or f"{next(_numbers):012d}", ifsc="HDFC0000053"
    )
    validation = services.start_validation(account=account, user=user)
    services.record_validation(
        sighting=ValidationSighting(
            validation_id=gateway_id("fav"),
            reference=str(validation.pk),
            status="completed",
            amount=100,
            account_status="active",
            registered_name="RAVI KUMAR",
            name_match_score=100,
        )
    )
    return BankAccount.objects.get(pk=account.pk)


def make_payout(user: User, amount: int = 50_000) -> Payout:
    """A withdrawal of money that was earned for it, queued and not sent."""
    earn(user, amount)
    if not BankAccount.objects.filter(user=user, removed_at=None).exists():
        make_bank_account(user)
    return services.request_payout(user=user, amount=amount)


def balance(kind: str, owner_id: UUID | None = None) -> int:
    """What an account holds, in paise."""
    account = Account.objects.filter(kind=kind, owner_id=owner_id).first()
    return account.balance if account else 0


def books() -> dict[tuple[str, UUID | None], int]:
    """Every account that is not zero: two of these are equal if no money moved."""
    return {(account.kind, account.owner_id): account.balance for account in Account.objects.exclude(balance=0)}
