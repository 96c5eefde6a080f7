"""Operators see events, timelines, audit records and settings; all they can do is to try a dead delivery again."""

from typing import Any

import pytest
from django.contrib import admin as site
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.models import (
    AuditRecord,
    Clock,
    DeliveryStatus,
    OutboxDelivery,
    OutboxEvent,
    SettingsCategory,
    StateChange,
)

pytestmark = pytest.mark.django_db

MODELS = [OutboxEvent, OutboxDelivery, StateChange, AuditRecord, SettingsCategory, Clock]


@pytest.fixture
def admin() -> Client:
    """The browser of somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser(email="root@khidma.test", password="a long password"))
    return client


def dead_delivery() -> OutboxDelivery:
    event = OutboxEvent.objects.create(name="kettles.KettleBoiled", payload={"cups": 2})
    return OutboxDelivery.objects.create(
        event=event, handler="kettles.pour:kettles.KettleBoiled", status=DeliveryStatus.DEAD, attempts=12
    )


def fill() -> dict[Any, Any]:
    """A row in every table, by its model."""
    delivery = dead_delivery()
    return {
        OutboxEvent: delivery.event,
        OutboxDelivery: delivery,
        StateChange: StateChange.objects.create(
            subject_type="kettle", subject_id=new_id(), action="boil", to_status="hot", actor_role="guest"
        ),
        AuditRecord: record_act(actor_id=None, action="kettle.boil", target_type="kettle", target_id=1),
        SettingsCategory: SettingsCategory.objects.create(category="kettles", updated_at=Now()),
        Clock: Clock.objects.get(),
    }


def test_every_table_of_the_kernel_has_its_page() -> None:
    shown = {model for model in site.site._registry if model._meta.app_label == "kernel"}
    assert shown == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_every_table_can_be_listed_searched_and_opened_but_not_changed(admin: Client, model: Any) -> None:
    row = fill()[model]
    address = f"/admin/kernel/{model._meta.model_name}/"
    before = list(model.objects.values())
    assert admin.get(address).status_code == 200
    assert admin.get(address, {"q": "kettle"}).status_code == 200
    assert admin.get(f"{address}{row.pk}/change/").status_code == 200
    admin.post(f"{address}{row.pk}/change/", {"handler": "another", "reason": "changed", "name": "changed"})
    assert admin.get(f"{address}add/").status_code == 403
    assert admin.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    admin.post(address, {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"})
    assert list(model.objects.values()) == before


def test_a_dead_delivery_is_tried_again_on_demand(admin: Client) -> None:
    delivery = dead_delivery()
    answer = admin.post(
        "/admin/kernel/outboxdelivery/", {"action": "try_again", "_selected_action": [str(delivery.pk)]}, follow=True
    )
    assert "Deliveries that will be tried again: 1." in answer.content.decode()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 0)
    record = AuditRecord.objects.get(action="outbox.try_again")
    assert (record.actor_id, record.target_id) == (User.objects.get().pk, str(delivery.pk))


@pytest.mark.parametrize("who", ["nobody", "client", "support"])
def test_nobody_else_tries_again(who: str) -> None:
    delivery, client = dead_delivery(), Client()
    if who != "nobody":
        client.force_login(make_client() if who == "client" else make_operator("support"))
    client.post("/admin/kernel/outboxdelivery/", {"action": "try_again", "_selected_action": [str(delivery.pk)]})
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DEAD, 12)
    assert not AuditRecord.objects.filter(action="outbox.try_again").exists()


def test_only_dead_deliveries_are_tried_again(admin: Client) -> None:
    delivery = dead_delivery()
    OutboxDelivery.objects.update(status=DeliveryStatus.DONE)
    admin.post("/admin/kernel/outboxdelivery/", {"action": "try_again", "_selected_action": [str(delivery.pk)]})
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DONE, 12)
    assert not AuditRecord.objects.filter(action="outbox.try_again").exists()
