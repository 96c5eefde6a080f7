"""Work that never came: the doer is asked, and the client gets the money back."""

from datetime import timedelta
from typing import Any

import pytest

from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from khidma.kernel.states import history
from notifications.models import Notification
from orders import services, tasks
from orders.models import Order, SilenceQuestion
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_funded_order, make_order, make_submitted_order
from payments.models import Escrow, Payment
from payments.tests.factories import balance

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def when(order: Order, **moments: timedelta | None) -> Order:
    changed = {name: None if distance is None else now() + distance for name, distance in moments.items()}
    Order.objects.filter(pk=order.pk).update(**changed)
    order.refresh_from_db()
    return order


def nobody_answers(order: Order) -> None:
    SilenceQuestion.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("due", "funded", "is_asked"),
    [
        (-14 * DAY, -20 * DAY, True),
        (-13 * DAY, -90 * DAY, False),
        (DAY, -90 * DAY, False),
        (None, -30 * DAY, True),
        (None, -29 * DAY, False),
    ],
)
def test_the_doer_is_asked_two_weeks_after_the_deadline(
    due: timedelta | None, funded: timedelta, is_asked: bool
) -> None:
    when(make_funded_order(), due_at=due, funded_at=funded)
    assert tasks.ask_silent_doers() == int(is_asked)
    assert len(announced("SilenceNoticed")) == int(is_asked)
    with nothing_changes():
        assert tasks.ask_silent_doers() == 0


def test_three_days_later_the_clock_refunds() -> None:
    order = when(make_funded_order(), due_at=-15 * DAY, funded_at=-20 * DAY)
    tasks.ask_silent_doers()
    question = SilenceQuestion.objects.get(order=order)
    assert question.due_at - now() == pytest.approx(3 * DAY, abs=timedelta(minutes=1))
    with nothing_changes():
        assert tasks.refund_silent_orders() == 0
    nobody_answers(order)
    assert tasks.refund_silent_orders() == 1
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, order.cancellation.fault) == ("cancelled", "silent", "doer")
    payment = Payment.objects.get(payer=order.client)
    escrow = Escrow.objects.get(reference=order.pk)
    assert (balance("refund_pending", payment.pk), balance("escrow", escrow.pk)) == (order.amount, 0)
    last = history(order).last()
    assert last is not None
    assert (last.actor_role, last.actor_id) == ("system", None)
    with nothing_changes():
        assert tasks.refund_silent_orders() == 0


def test_work_that_comes_in_time_answers_the_question() -> None:
    order = when(make_funded_order(), due_at=-15 * DAY, funded_at=-20 * DAY)
    tasks.ask_silent_doers()
    services.submit_work(order=order, doer=order.doer, message="Here it is.")
    nobody_answers(order)
    assert tasks.refund_silent_orders() == 0
    order.refresh_from_db()
    assert order.status == "submitted"
    assert not SilenceQuestion.objects.exists()


def test_a_deadline_that_moves_withdraws_the_question_and_it_is_asked_anew() -> None:
    order = when(make_funded_order(), due_at=-15 * DAY, funded_at=-20 * DAY)
    tasks.ask_silent_doers()
    nobody_answers(order)
    when(order, due_at=DAY)
    assert tasks.refund_silent_orders() == 0
    order.refresh_from_db()
    assert order.status == "in_progress"
    when(order, due_at=-15 * DAY)
    assert tasks.ask_silent_doers() == 1


@pytest.mark.parametrize("make", [make_order, make_submitted_order])
def test_only_paid_orders_without_any_work_are_silent(make: Any) -> None:
    when(make(), due_at=-90 * DAY, unpaid_due_at=DAY)
    with nothing_changes():
        assert tasks.ask_silent_doers() == 0


def test_both_sides_are_told() -> None:
    order = when(make_funded_order(), due_at=-15 * DAY, funded_at=-20 * DAY)
    tasks.ask_silent_doers()
    deliver_due()
    told = Notification.objects.filter(kind="work_missing").values_list("user_id", flat=True)
    assert set(told) == {order.client_id, order.doer_id}
