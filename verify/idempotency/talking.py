"""Requests about conversations, notifications and webhooks."""

import secrets

from accounts.tests.factories import make_client
from messaging.tests.factories import make_conversation, parties, say
from notifications.tests.factories import make_delivery, make_notification, make_push_token, make_subscription
from sandbox.testing import StandIn
from verify.idempotency.cases import Case, case


@case("POST /api/conversations/{conversationId}/messages")
def send_message(gateway: StandIn) -> Case:
    conversation = make_conversation()
    path = f"/api/conversations/{conversation.pk}/messages"
    return Case(parties(conversation)[0], path, {"text": "Namaste!"}, make_client())


@case("POST /api/conversations/{conversationId}/read")
def read_conversation(gateway: StandIn) -> Case:
    conversation = make_conversation()
    client, doer = parties(conversation)
    body = {"messageId": str(say(conversation, doer).pk)}
    return Case(client, f"/api/conversations/{conversation.pk}/read", body, make_client())


@case("POST /api/web-chat/messages")
def write_to_support(gateway: StandIn) -> Case:
    return Case(make_client(), "/api/web-chat/messages", {"text": "Where is my money?"}, make_client())


@case("PUT /api/notifications/{notificationId}/read")
def read_notification(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"/api/notifications/{make_notification(user).pk}/read", None, make_client())


@case("PUT /api/notifications/read-all")
def read_all(gateway: StandIn) -> Case:
    user = make_client()
    make_notification(user)
    return Case(user, "/api/notifications/read-all", None, make_client())


@case("POST /api/notifications/tokens")
def register_token(gateway: StandIn) -> Case:
    body = {"token": f"device-{secrets.token_hex(6)}", "platform": "android"}
    return Case(make_client(), "/api/notifications/tokens", body, make_client())


@case("DELETE /api/notifications/tokens/{tokenId}")
def remove_token(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"/api/notifications/tokens/{make_push_token(user).pk}", None, make_client())


@case("PATCH /api/notifications/preferences")
def choose_channels(gateway: StandIn) -> Case:
    return Case(make_client(), "/api/notifications/preferences", {"language": "hi"}, make_client())


WEBHOOKS = "/api/webhooks"
RECEIVER = {"url": "https://93.184.215.14/hook", "events": ["order.funded"]}


@case("POST /api/webhooks/subscriptions")
def subscribe(gateway: StandIn) -> Case:
    return Case(make_client(), f"{WEBHOOKS}/subscriptions", RECEIVER, make_client())


@case("PATCH /api/webhooks/subscriptions/{subscriptionId}")
def change_subscription(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"{WEBHOOKS}/subscriptions/{make_subscription(user).pk}", RECEIVER, make_client())


@case("DELETE /api/webhooks/subscriptions/{subscriptionId}")
def unsubscribe(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"{WEBHOOKS}/subscriptions/{make_subscription(user).pk}", None, make_client())


@case("POST /api/webhooks/subscriptions/{subscriptionId}/rotate-secret")
def rotate_secret(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"{WEBHOOKS}/subscriptions/{make_subscription(user).pk}/rotate-secret", None, make_client())


@case("POST /api/webhooks/subscriptions/{subscriptionId}/test")
def send_test_event(gateway: StandIn) -> Case:
    user = make_client()
    return Case(user, f"{WEBHOOKS}/subscriptions/{make_subscription(user).pk}/test", None, make_client())


@case("POST /api/webhooks/deliveries/{deliveryId}/redeliver")
def redeliver(gateway: StandIn) -> Case:
    user = make_client()
    delivery = make_delivery(make_subscription(user))
    return Case(user, f"{WEBHOOKS}/deliveries/{delivery.pk}/redeliver", None, make_client())
