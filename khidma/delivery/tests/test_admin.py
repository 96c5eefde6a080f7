"""Operators find what would have been sent, and can change nothing there."""

import pytest
from django.test import Client

from accounts.models import User
from khidma.delivery import deliver
from khidma.delivery.models import OutboxMessage

pytestmark = pytest.mark.django_db


def test_the_outbox_can_be_listed_searched_and_opened_but_not_changed() -> None:
    admin = Client()
    admin.force_login(User.objects.create_superuser(email="root@khidma.test", password="a long password"))
    deliver.send_sms(to="+919876543210", body="Hello", key="one", template="hello", values={})
    message, before = OutboxMessage.objects.get(), list(OutboxMessage.objects.values())
    address = "/admin/delivery/outboxmessage/"
    assert admin.get(address).status_code == 200
    assert admin.get(address, {"q": "+919876543210"}).status_code == 200
    assert admin.get(f"{address}{message.pk}/change/").status_code == 200
    assert admin.post(f"{address}{message.pk}/change/", {"body": "changed"}).status_code == 403
    assert admin.post(f"{address}{message.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"{address}add/").status_code == 403
    assert list(OutboxMessage.objects.values()) == before
