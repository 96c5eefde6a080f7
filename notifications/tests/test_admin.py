"""Operators find what people were told, and can change nothing there; devices' tokens do not show."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_doer
from notifications.models import Notification, PushToken
from notifications.tests.factories import make_notification, make_push_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    """The browser of somebody who may see everything."""
    client = Client()
    client.force_login(User.objects.create_superuser(email="root@khidma.test", password="a long password"))
    return client


@pytest.mark.parametrize("model", [Notification, PushToken])
def test_every_table_can_be_listed_searched_and_opened_but_not_changed(
    admin: Client, model: type[Notification | PushToken]
) -> None:
    user = make_doer()
    rows = {Notification: make_notification(user), PushToken: make_push_token(user)}
    address = f"/admin/notifications/{model._meta.model_name}/"
    page = f"{address}{rows[model].pk}/"
    before = list(model._default_manager.values())
    assert admin.get(address).status_code == 200
    assert admin.get(address, {"q": str(user.phone)}).status_code == 200
    assert admin.get(f"{page}change/").status_code == 200
    assert admin.post(f"{page}change/", {"title": "changed"}).status_code == 403
    assert admin.get(f"{address}add/").status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert list(model._default_manager.values()) == before


def test_the_token_of_a_device_does_not_show(admin: Client) -> None:
    device = make_push_token(make_doer())
    for address in ("/admin/notifications/pushtoken/", f"/admin/notifications/pushtoken/{device.pk}/change/"):
        assert device.token not in admin.get(address).content.decode()
