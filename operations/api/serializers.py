"""Shapes of what operators see and set, on the wire."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.serializers import FloatField

from khidma.http.fields import Flag, Integer, Moment, Text
from khidma.http.serializers import Query, Serializer


class SettingsQuery(Query):
    category = Text(required=False, max_length=40)


class AllSettings(Serializer):
    """Each category with its values."""

    def to_representation(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        return dict(instance)


class SettingsBody(Serializer):
    """Some values of one category under their camelCase names; the category's own schema checks them."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping) or not data:
            raise ValidationError({"body": ["An object with at least one setting is needed."]})
        return {"values": dict(data)}


class DatabaseSerializer(Serializer):
    latency_ms = FloatField(allow_null=True)
    connections = Integer(allow_null=True)
    replication_lag_ms = FloatField(allow_null=True)


class CacheSerializer(Serializer):
    latency_ms = FloatField(allow_null=True)


class QueueSerializer(Serializer):
    depth = Integer(allow_null=True)
    oldest_seconds = FloatField(allow_null=True)


class GatewaySerializer(Serializer):
    state = Text(allow_null=True)
    last_answered_at = Moment(allow_null=True)
    unanswered = Integer(allow_null=True)
    breaker = Text()


class OutboxSerializer(Serializer):
    pending = Integer(allow_null=True)
    oldest_seconds = FloatField(allow_null=True)
    dead = Integer(allow_null=True)


class LedgerSerializer(Serializer):
    balanced = Flag(allow_null=True)
    checked_at = Moment(allow_null=True)


class SystemSerializer(Serializer):
    """The whole system; a figure that cannot be had is null."""

    status = Text()
    database = DatabaseSerializer()
    cache = CacheSerializer()
    queue = QueueSerializer()
    workers = Integer(allow_null=True)
    websockets = Integer(allow_null=True)
    gateway = GatewaySerializer()
    outbox = OutboxSerializer()
    ledger = LedgerSerializer()
    version = Text()
    uptime_seconds = Integer()
