"""The outbox of a local run: what would have been sent, as a page and for programs; not there in production."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from khidma.delivery import deliver
from khidma.delivery.models import Channel, OutboxMessage
from khidma.http.fields import milliseconds
from khidma.kernel.network import NetworkInTransaction
from khidma.tests.client import JsonClient

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]

PHONE = "+919876543210"
OTHER_PHONE = "+919876543211"

SENDERS: list[tuple[Channel, Callable[..., str], dict[str, Any], str, str]] = [
    (Channel.SMS, deliver.send_sms, {"to": PHONE, "body": "Hello", "template": "hello", "values": {}}, PHONE, ""),
    (
        Channel.EMAIL,
        deliver.send_email,
        {"to": "asha@example.in", "subject": "News", "body": "Hello"},
        "asha@example.in",
        "News",
    ),
    (
        Channel.PUSH,
        deliver.send_push,
        {"token": "device-1", "title": "News", "body": "Hello", "data": {"orderId": "1"}},
        "device-1",
        "News",
    ),
]
BY_CHANNEL = pytest.mark.parametrize(
    ("channel", "send", "message", "to", "subject"), SENDERS, ids=[sender[0] for sender in SENDERS]
)


def fill(count: int, to: str = PHONE) -> list[OutboxMessage]:
    """So many messages, oldest first."""
    for number in range(count):
        deliver.send_sms(to=to, body=f"Number {number}", key=f"{to}:{number}", template="hello", values={})
    return list(OutboxMessage.objects.filter(to=to).order_by("id"))


@BY_CHANNEL
def test_a_message_is_kept_once_however_often_it_is_sent(
    channel: Channel, send: Callable[..., str], message: dict[str, Any], to: str, subject: str
) -> None:
    send(**message, key="one")
    send(**{**message, "body": "Something else"}, key="one")
    kept = OutboxMessage.objects.get()
    assert (kept.channel, kept.to, kept.subject, kept.body) == (channel, to, subject, "Hello")
    send(**message, key="two")
    assert OutboxMessage.objects.count() == 2


def test_the_same_key_by_two_channels_is_two_messages() -> None:
    for _channel, send, message, _to, _subject in SENDERS:
        send(**message, key="one")
    assert OutboxMessage.objects.count() == 3


@BY_CHANNEL
def test_nothing_is_sent_inside_a_transaction(
    channel: Channel, send: Callable[..., str], message: dict[str, Any], to: str, subject: str
) -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        send(**message, key="one")
    assert not OutboxMessage.objects.exists()


def test_programs_read_the_newest_first(api: Api) -> None:
    kept = fill(3)
    answer = api().get("/dev/outbox.json")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [row["body"] for row in data] == ["Number 2", "Number 1", "Number 0"]
    assert data[0] == {
        "id": str(kept[2].pk),
        "channel": "sms",
        "to": PHONE,
        "subject": "",
        "body": "Number 2",
        "createdAt": milliseconds(kept[2].created_at),
    }


def test_one_receiver_is_shown_alone(api: Api) -> None:
    fill(2)
    fill(1, to=OTHER_PHONE)
    listed = api().get("/dev/outbox.json", {"to": OTHER_PHONE}).json()["data"]
    assert [row["to"] for row in listed] == [OTHER_PHONE]
    assert api().get("/dev/outbox.json", {"to": "+910000000000"}).json()["data"] == []
    assert api().get("/dev/outbox.json", {"to": f"{OTHER_PHONE}\0"}).json()["data"] == listed
    page = api().get("/dev/outbox", {"to": OTHER_PHONE}).content.decode()
    assert page.count("<article>") == 1


@pytest.mark.parametrize(
    ("limit", "shown"),
    [("1", 1), ("0", 0), ("60", 60), ("100000", 50), ("-1", 50), ("many", 50), ("", 50), ("٣", 50), ("1.5", 50)],
)
def test_a_limit_is_followed_and_an_odd_one_means_fifty(api: Api, limit: str, shown: int) -> None:
    fill(60)
    assert len(api().get("/dev/outbox.json", {"limit": limit}).json()["data"]) == shown


def test_no_more_than_two_hundred_are_shown(api: Api) -> None:
    OutboxMessage.objects.bulk_create(
        [OutboxMessage(channel="sms", to=PHONE, body="Hello", key=f"sms:{number}") for number in range(201)]
    )
    assert len(api().get("/dev/outbox.json", {"limit": "201"}).json()["data"]) == 200
    assert len(api().get("/dev/outbox.json", {"limit": "99999"}).json()["data"]) == 200


def test_the_page_shows_texts_as_texts(api: Api) -> None:
    deliver.send_email(
        to='"><b>x</b>@example.in', subject="<img src=x onerror=alert(1)>", body="<script>alert(1)</script>", key="one"
    )
    page = api().get("/dev/outbox").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>x</b>" not in page


def test_what_was_asked_for_is_shown_as_text(api: Api) -> None:
    page = api().get("/dev/outbox", {"to": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


def test_an_empty_outbox_says_so(api: Api) -> None:
    assert "Nothing has been sent yet." in api().get("/dev/outbox").content.decode()


@pytest.mark.parametrize("path", ["/dev/outbox", "/dev/outbox.json"])
def test_nobody_may_write_to_it(api: Api, path: str) -> None:
    assert api().post(path, {"body": "Hello"}).status_code == 405
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("path", ["/dev/outbox", "/dev/outbox.json"])
def test_production_has_no_such_page(api: Api, path: str, settings: LazySettings) -> None:
    deliver.send_sms(to=PHONE, body="Your code is 123456", key="one", template="hello", values={})
    settings.KHIDMA_ENV = "production"
    answer = api().get(path, {"to": PHONE})
    assert answer.status_code == 404
    assert b"123456" not in answer.content
