"""A row that fails whenever it is looked at fails alone, and does not stand at the head of every round."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest

from accounts.tests.factories import make_doer
from khidma.kernel.clock import Now, now
from payments import services, tasks
from payments.models import Payment, Payout, Refund, Validation
from payments.tests.factories import books, make_escrow, make_funded_escrow, make_payment, make_payout


def two_payments() -> None:
    for _ in range(2):
        make_payment(make_escrow())


def two_refunds() -> None:
    for _ in range(2):
        services.settle_escrow(reference=make_funded_escrow().reference, payee_gross=0, reason="cancelled")


def two_validations() -> None:
    for _ in range(2):
        user = make_doer()
        account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
        services.start_validation(account=account, user=user)


def two_payouts() -> None:
    for _ in range(2):
        make_payout(make_doer())


@pytest.mark.parametrize(
    ("make", "model", "sweep", "service", "argument"),
    [
        (two_payments, Payment, tasks.look_at_payments, "look_at_payment", "payment_id"),
        (two_refunds, Refund, tasks.send_refunds, "send_refund", "refund_id"),
        (two_validations, Validation, tasks.look_at_validations, "send_validation", "validation_id"),
        (two_payouts, Payout, tasks.send_payouts, "send_payout", "payout_id"),
    ],
    ids=["payments", "refunds", "validations", "payouts"],
)
def test_a_row_that_always_fails_lets_the_others_pass(
    db: None, make: Callable[[], None], model: Any, sweep: Callable[[], int], service: str, argument: str
) -> None:
    make()
    watched = model.objects.filter(look_at__isnull=False)
    watched.update(look_at=Now() - timedelta(minutes=1))
    poison, sound = watched.order_by("id").values_list("pk", flat=True)
    model.objects.filter(pk=poison).update(look_at=Now() - timedelta(hours=1))
    seen: list[UUID] = []

    def take_up(**arguments: UUID) -> None:
        seen.append(arguments[argument])
        if arguments[argument] == poison:
            raise RuntimeError("It cannot be read.")

    before = books()
    with mock.patch.object(services, service, take_up):
        sweep()
        assert seen == [poison, sound]
        sweep()
    assert seen == [poison, sound, sound]  # the one that failed has to wait
    failed = model.objects.get(pk=poison)
    assert failed.looks >= 1
    assert now() < failed.look_at < now() + timedelta(hours=1)
    assert books() == before
