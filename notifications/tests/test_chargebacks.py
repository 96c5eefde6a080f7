"""Who is told of returns and of disputes."""

import pytest

from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.events import publish
from khidma.kernel.ids import new_id
from khidma.kernel.outbox import deliver_due
from notifications.models import Notification
from payments.events import ChargebackMoved, MoneyReturned

pytestmark = pytest.mark.django_db


def dispute(status: str, *, moves_money: bool = True) -> dict[str, list[str]]:
    """Announce one; the types of the notifications of its payee, of finance and of support."""
    people = {"payee": make_doer(), "finance": make_operator("finance"), "support": make_operator("support")}
    publish(
        ChargebackMoved(
            chargeback_id=new_id(),
            payment_id=new_id(),
            references=[new_id()],
            payer_id=new_id(),
            payee_ids=[people["payee"].pk],
            amount=12_345,
            phase="chargeback" if moves_money else "fraud",
            status=status,
            moves_money=moves_money,
            emptied=[],
        )
    )
    deliver_due()
    return {
        name: list(Notification.objects.filter(user=person).values_list("kind", flat=True))
        for name, person in people.items()
    }


@pytest.mark.parametrize("status", ["open", "won", "lost", "closed"])
def test_payee_and_finance_hear_of_a_dispute(status: str) -> None:
    kind = f"chargeback_{status}"
    assert dispute(status) == {"payee": [kind], "finance": [kind], "support": []}
    assert all("₹123.45" in told.body for told in Notification.objects.all())


def test_only_finance_hears_of_a_review_and_of_what_moves_no_money() -> None:
    assert dispute("under_review") == {"payee": [], "finance": ["chargeback_under_review"], "support": []}
    assert dispute("open", moves_money=False)["payee"] == []


@pytest.mark.parametrize(("taken", "owed", "count"), [(5_000, 0, 1), (0, 5_000, 1), (0, 0, 0)])
def test_the_payee_hears_of_a_return_and_of_the_debt(taken: int, owed: int, count: int) -> None:
    payee = make_doer()
    publish(
        MoneyReturned(
            return_id=new_id(),
            reference=new_id(),
            payer_id=new_id(),
            payee_id=payee.pk,
            amount=6_000,
            taken=taken,
            owed=owed,
            why="operator",
            payout_ids=[],
        )
    )
    deliver_due()
    told = Notification.objects.filter(user=payee, kind="money_returned")
    assert told.count() == count
    assert all(("next earnings" in one.body) == bool(owed) for one in told)
