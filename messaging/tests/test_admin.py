"""Operators find conversations and streams in the admin, and can change nothing there."""

import pytest
from django.test import Client

from accounts.models import User
from khidma.realtime.models import StreamEvent, StreamPosition
from messaging import services
from messaging.models import Conversation, Message, Participant, ReadMark
from messaging.tests.factories import make_conversation, parties, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    """The browser of somebody who may see everything."""
    client = Client()
    client.force_login(User.objects.create_superuser(email="root@khidma.test", password="a long password"))
    return client


def test_every_table_can_be_listed_searched_and_opened_but_not_changed(admin: Client) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    services.mark_read(conversation=conversation, reader=client, message=say(conversation, doer, "Namaste!"))
    for model in (Conversation, Participant, Message, ReadMark, StreamEvent, StreamPosition):
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert admin.get(address).status_code == 200, address
        assert admin.get(address, {"q": str(conversation.pk)}).status_code == 200, address
        row = model._default_manager.all()[0]
        before = list(model._default_manager.values())
        assert admin.get(f"{address}{row.pk}/change/").status_code == 200, address
        assert admin.post(f"{address}{row.pk}/change/", {"text": "changed"}).status_code == 403, address
        assert admin.get(f"{address}add/").status_code == 403, address
        assert admin.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403, address
        assert list(model._default_manager.values()) == before


def test_what_was_said_does_not_show_in_lists(admin: Client) -> None:
    conversation = make_conversation()
    say(conversation, parties(conversation)[0], "a secret between two")
    assert b"a secret between two" not in admin.get("/admin/messaging/message/").content
    event = StreamEvent.objects.latest("id")
    assert b"a secret between two" not in admin.get(f"/admin/realtime/streamevent/{event.pk}/change/").content
