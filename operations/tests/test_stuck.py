"""The table of maximum ages is whole, its rows find what they are for, and what is over age is printed."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F

from accounts.tests.factories import make_doer
from khidma.kernel.aging import Measured, maximum_ages, may_last, measure, regular, resting
from khidma.kernel.clock import Now
from khidma.kernel.models import DeliveryStatus, OutboxDelivery
from khidma.kernel.outbox import deliver_due
from khidma.kernel.states import StateField, Stateful
from khidma.kernel.sweeps import schedule
from orders.models import Order
from orders.tasks import approve_unanswered_work, expire_unpaid_orders
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_milestone_order,
    make_order,
    make_submitted_order,
)
from payments.models import Escrow, GatewayEvent, Payment
from payments.models.gateway import EventStatus
from payments.states import EscrowStatus
from payments.tests.factories import earn, make_payment, make_payout

pytestmark = pytest.mark.django_db

STATEFUL = [
    model for model in apps.get_models() if issubclass(model, Stateful) and model._meta.app_label != "kernel_tests"
]


def row(part: str) -> Measured:
    """The one row of the table whose name ends like this, measured."""
    (only,) = [found for found in measure(examples=3) if found.name.endswith(part)]
    return only


def over_age() -> dict[str, int]:
    """What is over age, but for what must happen again and again."""
    repeated = {one.name for one in regular()}
    return {found.name: found.over for found in measure() if found.over and found.name not in repeated}


@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: str(model._meta.label))
def test_every_state_that_is_no_end_has_a_maximum_age_or_a_reason_to_rest(model: type[Stateful]) -> None:
    (field,) = [one for one in model._meta.get_fields() if isinstance(one, StateField)]
    states = {str(value) for value, _ in field.flatchoices}
    bounded = {state for age in maximum_ages() if age.model is model for state in age.states}
    at_rest = {state for rest in resting() if rest.model is model for state in rest.states}
    known = {step.target for step in model.states.transitions}
    known |= {str(source) for step in model.states.transitions for source in step.sources}

    assert {str(state) for state in known} <= states
    assert states - {str(end) for end in model.states.ends} <= bounded | at_rest
    assert not bounded & at_rest
    assert not at_rest & {str(end) for end in model.states.ends}


def test_every_sweep_of_the_table_is_on_the_clock() -> None:
    on_the_clock = set(schedule())

    assert {age.sweep for age in maximum_ages() if age.sweep} <= on_the_clock
    assert {one.sweep for one in regular()} <= on_the_clock


def test_a_row_names_a_sweep_or_people_and_not_both() -> None:
    size = len(maximum_ages())

    for sweep, people in (("", ""), ("a.task", "somebody")):
        with pytest.raises(ValueError, match="either a sweep ends it, or people do"):
            may_last(Order, {"approved"}, since="id", within=timedelta(days=1), sweep=sweep, people=people)
    with pytest.raises(ValueError, match="two maximum ages"):
        may_last(Order, {"submitted"}, since="approved_at", within=timedelta(days=1), people="somebody")
    assert len(maximum_ages()) == size


def test_each_row_is_one_query_that_the_database_understands(django_assert_num_queries: Any) -> None:
    measure()  # reads the runtime settings, which are remembered for a while

    with django_assert_num_queries(1 + len(maximum_ages()) + len(regular())):
        measure()


def test_nothing_is_over_age_where_everything_has_just_begun() -> None:
    make_order()
    make_funded_order()
    make_submitted_order()
    make_completed_order()
    make_milestone_order(100_000, 50_000, funded=True)
    doer = make_doer()
    earn(doer, 80_000)
    make_payout(doer)
    deliver_due()

    assert over_age() == {}


def test_an_order_unpaid_too_long_is_found_and_its_sweep_ends_it() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(unpaid_due_at=Now() - timedelta(minutes=3))

    stuck = row("orders.order: pending_payment")
    expire_unpaid_orders()

    assert (stuck.over, stuck.count, stuck.examples) == (1, 1, (str(order.pk),))
    assert stuck.oldest is not None
    assert timedelta(minutes=3) <= stuck.oldest < timedelta(minutes=4)
    assert row("orders.order: pending_payment").count == 0
    assert over_age() == {}


def test_work_unanswered_too_long_is_found_and_its_sweep_ends_it() -> None:
    order = make_submitted_order()
    Order.objects.filter(pk=order.pk).update(auto_approve_at=Now() - timedelta(minutes=3))

    stuck = row("orders.order: submitted")
    approve_unanswered_work()

    assert stuck.over == 1
    assert over_age() == {}


@pytest.mark.parametrize(
    ("late", "name"),
    [
        ({"look_at": Now() - timedelta(minutes=3)}, "payments.payment: not captured, to be looked at"),
        (
            {"created_at": Now() - timedelta(days=8), "look_at": Now()},
            "payments.payment: not captured, still looked at",
        ),
    ],
)
def test_a_payment_that_nobody_looks_at_is_found(late: dict[str, Any], name: str) -> None:
    payment = make_payment(Escrow.objects.get(reference=make_order().pk))
    Payment.objects.filter(pk=payment.pk).update(**late)

    assert over_age() == {name: 1}


def test_escrows_that_outlive_their_order_are_found() -> None:
    waiting, funded = make_order(), make_funded_order()
    long_ago = Now() - timedelta(minutes=3)
    Escrow.objects.filter(status=EscrowStatus.FUNDED).update(funded_at=long_ago)
    Escrow.objects.filter(status=EscrowStatus.AWAITING).update(created_at=F("created_at") - timedelta(minutes=3))
    dead = {"status": "cancelled", "cancelled_at": Now(), "cancel_reason": "other"}
    Order.objects.filter(pk__in=[waiting.pk, funded.pk]).update(**dead)

    assert {name: count for name, count in over_age().items() if name.startswith("payments.escrow")} == {
        "payments.escrow: awaiting, its order or milestone ended": 1,
        "payments.escrow: funded, its order or milestone ended": 1,
    }


def test_events_on_their_way_and_given_up_are_found() -> None:
    make_funded_order()
    deliver_due()
    late, dead = OutboxDelivery.objects.order_by("id")[:2]
    OutboxDelivery.objects.filter(pk=late.pk).update(status=DeliveryStatus.PENDING, due_at=Now() - timedelta(minutes=3))
    OutboxDelivery.objects.filter(pk=dead.pk).update(status=DeliveryStatus.DEAD)
    GatewayEvent.objects.create(endpoint="payment", event_id="late", raw=b"{}", due_at=Now() - timedelta(minutes=3))
    GatewayEvent.objects.create(endpoint="payment", event_id="dead", raw=b"{}", status=EventStatus.DEAD)

    assert over_age() == {
        "kernel.outboxdelivery: dead": 1,
        "kernel.outboxdelivery: pending, due": 1,
        "payments.gatewayevent: dead": 1,
        "payments.gatewayevent: pending, due": 1,
    }


def test_the_command_prints_what_is_over_age_and_exits_with_one() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(unpaid_due_at=Now() - timedelta(minutes=3))
    said, document = StringIO(), StringIO()

    with pytest.raises(SystemExit) as plain:
        call_command("stuck", stdout=said)
    with pytest.raises(SystemExit) as machine:
        call_command("stuck", "--json", stdout=document)

    assert (plain.value.code, machine.value.code) == (1, 1)
    assert "orders.order: pending_payment: 1 of 1 over 0:02:00" in said.getvalue()
    (entry,) = [one for one in json.loads(document.getvalue()) if one["name"].startswith("orders.")]
    assert entry["examples"] == [str(order.pk)]
    assert entry["maximumAgeSeconds"] == 120
    assert entry["endedBy"] == "orders.tasks.expire_unpaid_orders"


@pytest.mark.parametrize(("age", "over"), [(timedelta(minutes=30), 0), (timedelta(minutes=90), 1)])
def test_what_never_happened_is_as_late_as_the_system_is_old(age: timedelta, over: int) -> None:
    MigrationRecorder.Migration.objects.update(applied=Now() - age)
    books = row("the books were added up")

    assert (books.count, books.over) == (1, over)
