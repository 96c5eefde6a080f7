"""Files in chats: over REST and on the stream, once, and for those who take part."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.clock import now
from khidma.media.addresses import signed_address
from khidma.media.models import Attachment, File
from khidma.media.states import FileStatus
from khidma.media.tests.factories import make_file
from khidma.realtime import streams
from khidma.realtime.models import StreamEvent
from messaging import services
from messaging.models import Message
from messaging.tests.factories import make_conversation, parties

pytestmark = pytest.mark.django_db


def address(conversation: Any) -> str:
    return f"/api/conversations/{conversation.pk}/messages"


def test_a_file_is_a_message_by_itself_and_everybody_is_shown_it(api: Any) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    files = [make_file(doer, "image"), make_file(doer)]
    answer = api(doer).post(address(conversation), {"attachments": [str(file.pk) for file in files]})
    assert answer.status_code == 201, answer.content
    said = answer.json()["data"]
    assert (said["kind"], said["text"]) == ("image", "")
    assert [file["kind"] for file in said["attachments"]] == ["image", "document"]
    events = StreamEvent.objects.filter(event="CHAT_MESSAGE")
    assert {event.user_id for event in events} == {client.pk, doer.pk}
    for event in events:
        assert event.data["kind"] == "image"
        assert [file["id"] for file in event.data["attachments"]] == [str(file.pk) for file in files]
        assert {"id", "kind", "url", "name", "mimeType", "size"} <= set(event.data["attachments"][0])
    (listed,) = api(client).get(address(conversation)).json()["data"]
    assert [file["id"] for file in listed["attachments"]] == [str(file.pk) for file in files]
    (talk,) = api(client).get("/api/conversations").json()["data"]
    assert len(talk["lastMessage"]["attachments"]) == 2


@pytest.mark.parametrize("kind", ["image", "voice", "video", "document"])
def test_a_message_is_of_the_kind_of_its_file(api: Any, kind: str) -> None:
    conversation = make_conversation()
    doer = parties(conversation)[1]
    body = {"text": "Look!", "attachments": [str(make_file(doer, kind).pk)]}
    assert api(doer).post(address(conversation), body).json()["data"]["kind"] == kind


def test_those_who_take_part_may_download_it_and_nobody_else(api: Any) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    file = make_file(doer)
    record = f"/api/media/{file.pk}"
    assert api(client).get(record).status_code == 404
    services.send_message(conversation=conversation, sender=doer, text="", attachments=[file.pk])
    assert api(client).get(record).status_code == 200
    assert api(make_doer()).get(record).status_code == 404
    assert api(make_operator("trust")).get(record).status_code == 200
    assert api(make_operator("support")).get(record).status_code == 404


def test_the_same_message_again_attaches_nothing_more() -> None:
    conversation = make_conversation()
    doer = parties(conversation)[1]
    one, two = make_file(doer), make_file(doer)
    first = services.send_message(
        conversation=conversation, sender=doer, text="", attachments=[one.pk], client_message_id="1"
    )
    again = services.send_message(
        conversation=conversation, sender=doer, text="", attachments=[two.pk], client_message_id="1"
    )
    assert again.pk == first.pk
    assert [(row.file_id, row.thing_id) for row in Attachment.objects.all()] == [(one.pk, first.pk)]
    assert File.objects.get(pk=two.pk).loose_since is not None
    assert File.objects.get(pk=one.pk).loose_since is None


def test_files_of_others_and_unready_ones_are_refused_and_nothing_is_said(api: Any) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    waiting = make_file(doer)
    File.objects.filter(pk=waiting.pk).update(status=FileStatus.QUARANTINED)
    for file_id, status, code in [
        (make_file(client).pk, 400, "validation_error"),
        (uuid4(), 400, "validation_error"),
        (waiting.pk, 409, "file_not_ready"),
    ]:
        answer = api(doer).post(address(conversation), {"text": "Look!", "attachments": [str(file_id)]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


def test_messages_with_files_cost_no_more_queries_than_one(api: Any) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    caller = api(client)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert caller.get(address(conversation)).status_code == 200
            assert caller.get("/api/conversations").status_code == 200
        return len(queries)

    def one_more() -> None:
        services.send_message(conversation=conversation, sender=doer, text="", attachments=[make_file(doer).pk])

    one_more()
    first = asked()
    one_more()
    one_more()
    assert asked() == first


def test_what_is_read_again_after_a_while_bears_addresses_that_are_good(api: Any) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    services.send_message(conversation=conversation, sender=doer, text="Look!", attachments=[make_file(doer).pk])
    old = signed_address(File.objects.get().pk, at=now() - timedelta(hours=1))
    for event in StreamEvent.objects.filter(event="CHAT_MESSAGE"):
        event.data["attachments"][0]["url"] = old
        event.save(update_fields=["data"])
    (event,) = api(client).get("/api/web-chat/poll?after=0").json()["data"]["events"]
    (file,) = event["data"]["attachments"]
    (again,) = streams.read_a_few_after(client.pk, 0, most_bytes=65_536)
    assert api().get(old).status_code == 404
    for url in (file["url"], again.data["attachments"][0]["url"]):
        assert b"".join(api().get(url)).startswith(b"%PDF")
