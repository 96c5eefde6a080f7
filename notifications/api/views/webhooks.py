"""Webhook subscriptions and what was delivered to them, over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.api.permissions import caller_of
from khidma.http.views import Answer, ApiView, operation
from khidma.kernel.errors import Invalid
from notifications import selectors
from notifications.api.serializers import (
    DeliveryQuery,
    DeliverySerializer,
    NewSubscriptionSerializer,
    SubscriptionBody,
    SubscriptionSerializer,
)
from notifications.errors import (
    SubscriptionNotActive,
    SubscriptionUnknown,
    TooManySubscriptions,
    WebhookDeliveryUnknown,
)
from notifications.models import WebhookSubscription
from notifications.services import webhooks


class AsksForNames(ApiView):
    """Asks for the addresses behind a new receiver's name before the transaction of the request begins."""

    def run(self, method: Callable[..., Any], arguments: dict[str, Any]) -> HttpResponseBase:
        self.misplaced = self._misplaced()
        return super().run(method, arguments)

    def _misplaced(self) -> Invalid | None:
        """What is wrong with where the name leads; it is said in its turn, after what comes before a body's values."""
        if self.request.method not in {"POST", "PATCH"}:
            return None
        url = self.json.get("url") if isinstance(self.json, dict) else None
        try:
            if isinstance(url, str):
                webhooks.require_foreign(url)
        except Invalid as refusal:
            return refusal
        return None

    def body(self, **context: Any) -> dict[str, Any]:
        found = super().body(**context)
        if self.misplaced:
            raise self.misplaced
        return found


class SubscriptionList(AsksForNames):
    @operation(access="user", returns=SubscriptionSerializer, paging="page")
    def get(self, request: Request) -> Any:
        """Own subscriptions, newest first."""
        return self.page(selectors.list_subscriptions_for(caller_of(request)))

    @operation(
        access="user",
        body=SubscriptionBody,
        returns=NewSubscriptionSerializer,
        status=201,
        errors=[TooManySubscriptions],
    )
    def post(self, request: Request) -> Any:
        """Subscribe an https address to events; the secret is shown this once.

        A user hears of what they are a party of, an operator of all that they may see.
        """
        return with_secret(*webhooks.subscribe(user=caller_of(request), **self.body()))


class SubscriptionDetail(AsksForNames):
    @operation(access="user", body=SubscriptionBody, returns=SubscriptionSerializer, errors=[SubscriptionUnknown])
    def patch(self, request: Request, subscription_id: UUID) -> Any:
        """Change address or events, pause (`active` false) or go on; also turns on again what was disabled."""
        subscription = selectors.get_subscription_for(caller_of(request), subscription_id)
        return webhooks.change_subscription(subscription=subscription, changes=self.body())

    @operation(access="user", errors=[SubscriptionUnknown])
    def delete(self, request: Request, subscription_id: UUID) -> Any:
        """Delete a subscription and what was delivered to it."""
        webhooks.unsubscribe(subscription=selectors.get_subscription_for(caller_of(request), subscription_id))


class SubscriptionSecret(ApiView):
    @operation(access="user", returns=NewSubscriptionSerializer, errors=[SubscriptionUnknown])
    def post(self, request: Request, subscription_id: UUID) -> Any:
        """Draw a new secret, shown this once; the old one signs too for 24 hours."""
        subscription = selectors.get_subscription_for(caller_of(request), subscription_id)
        return with_secret(*webhooks.rotate_secret(subscription=subscription))


class SubscriptionTest(ApiView):
    @operation(
        access="user",
        returns=DeliverySerializer,
        status=202,
        errors=[SubscriptionUnknown, SubscriptionNotActive],
    )
    def post(self, request: Request, subscription_id: UUID) -> Any:
        """Send an event of the type `webhook.test`; the answer is its delivery."""
        subscription = selectors.get_subscription_for(caller_of(request), subscription_id)
        return webhooks.send_test(subscription=subscription)


class DeliveryList(ApiView):
    @operation(access="user", returns=DeliverySerializer, paging="feed", query=DeliveryQuery)
    def get(self, request: Request) -> Any:
        """What was sent and is to be sent, newest first, to all own subscriptions or to one (`subscriptionId`)."""
        found = selectors.list_deliveries_for(caller_of(request), **self.query())
        return self.feed(found, order=("-id",))


class DeliveryAgain(ApiView):
    @operation(
        access="user",
        returns=DeliverySerializer,
        status=202,
        errors=[WebhookDeliveryUnknown, SubscriptionNotActive],
    )
    def post(self, request: Request, delivery_id: UUID) -> Any:
        """Send one once more, under the `webhook-id` that it had."""
        delivery = selectors.get_delivery_for(caller_of(request), delivery_id)
        return webhooks.redeliver(delivery=delivery)


def with_secret(subscription: WebhookSubscription, secret: str) -> Answer:
    """The subscription as it is shown, with its secret beside."""
    shown = SubscriptionSerializer(subscription).data
    return Answer({**shown, "secret": secret}, plain=True)
