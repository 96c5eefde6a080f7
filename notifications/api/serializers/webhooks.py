"""Shapes of webhook subscriptions and deliveries on the wire."""

from django.utils.translation import gettext_lazy as _

from khidma.http.fields import Choice, Flag, Id, Integer, ListOf, Moment, Text
from khidma.http.serializers import Query, Serializer
from notifications.models import WebhookDeliveryStatus, WebhookEvent


class SubscriptionBody(Serializer):
    """Where to, and of what; a paused one (`active` false) hears nothing."""

    url = Text(single_line=True, max_length=2000, help_text=_("An https address of the public internet."))
    events = ListOf(Choice(choices=WebhookEvent.values), allow_empty=False, unique=True)
    active = Flag(required=False)


class SubscriptionSerializer(Serializer):
    """`failureCount` counts failures in a row since something was taken."""

    id = Id(read_only=True)
    url = Text(read_only=True)
    events = ListOf(Choice(choices=WebhookEvent.values), read_only=True)
    active = Flag(read_only=True)
    created_at = Moment(read_only=True)
    last_success_at = Moment(read_only=True, allow_null=True)
    failure_count = Integer(read_only=True)


class NewSubscriptionSerializer(SubscriptionSerializer):
    """The one time that the secret is shown: it signs every message as Standard Webhooks says."""

    secret = Text(read_only=True)


class DeliverySerializer(Serializer):
    """One event for one subscription; its id is the `webhook-id` of every attempt."""

    id = Id(read_only=True)
    subscription_id = Id(read_only=True)
    event_type = Text(read_only=True)
    status = Choice(choices=WebhookDeliveryStatus.values, read_only=True)
    attempts = Integer(read_only=True)
    response_status = Integer(read_only=True, allow_null=True)
    response_ms = Integer(read_only=True, allow_null=True)
    next_attempt_at = Moment(read_only=True, allow_null=True)
    created_at = Moment(read_only=True)


class DeliveryQuery(Query):
    subscription_id = Id(required=False)
