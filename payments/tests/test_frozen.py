"""What was agreed, asked for or seen about money cannot be rewritten in the database, by no role."""

import pytest
from django.db import DatabaseError, connections

from accounts.tests.factories import make_doer
from payments import services
from payments.models import Capture, Escrow, Payment, PaymentItem, Payout, Refund
from payments.services.refunds.sending import _begin
from payments.tests.factories import make_funded_escrow, make_payout

FACTS = (Escrow, Payment, PaymentItem, Capture, Refund, Payout)


def everything() -> list[list[tuple[object, ...]]]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in FACTS]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_escrow SET amount = amount + 1",
        "UPDATE payments_escrow SET commission_bp = 0",
        "UPDATE payments_escrow SET payee_id = payer_id",
        "UPDATE payments_payment SET amount = amount - 1",
        "UPDATE payments_paymentitem SET amount = amount - 1",
        "UPDATE payments_capture SET amount = amount + 1",
        "UPDATE payments_capture SET gateway_payment_id = 'pay_other' WHERE use = 'funded'",
        "UPDATE payments_refund SET amount = 1",
        "UPDATE payments_payout SET amount = 1",
        "UPDATE payments_payout SET bank_account_id = (SELECT id FROM payments_bankaccount ORDER BY id LIMIT 1)",
        "UPDATE payments_gatewayattempt SET key = gen_random_uuid()",
        "DELETE FROM payments_paymentitem",
        "DELETE FROM payments_refund",
        "DELETE FROM payments_payout",
        "DELETE FROM payments_capture",
        "DELETE FROM payments_escrow",
        "DELETE FROM payments_payment",
        "DELETE FROM payments_gatewayattempt",
        "TRUNCATE payments_payout CASCADE",
        "TRUNCATE payments_escrow CASCADE",
    ],
)
@pytest.mark.parametrize("role", ["default", "owner"])
def test_facts_about_money_are_never_rewritten(committed_db: None, statement: str, role: str) -> None:
    doer = make_doer()
    make_payout(doer)
    make_payout(make_doer())
    escrow = make_funded_escrow()
    services.settle_escrow(reference=escrow.reference, payee_gross=50_000, reason="split")
    _begin(Refund.objects.get())
    before = everything()
    with pytest.raises(DatabaseError, match=r"forbidden|permission denied"), connections[role].cursor() as cursor:
        cursor.execute(statement)
    assert everything() == before
