"""Shapes of notifications on the wire."""

from rest_framework.serializers import JSONField

from khidma.http.fields import Flag, Id, Integer, Moment, Text
from khidma.http.serializers import Query, Serializer


class NotificationSerializer(Serializer):
    id = Id(read_only=True)
    type = Text(read_only=True)
    title = Text(read_only=True)
    body = Text(read_only=True)
    data = JSONField(read_only=True)  # type: ignore[assignment]
    action_url = Text(read_only=True)
    read = Flag(read_only=True)
    read_at = Moment(read_only=True, allow_null=True)
    created_at = Moment(read_only=True)


class NotificationSummary(Serializer):
    total = Integer(read_only=True)
    unread = Integer(read_only=True)


class NotificationQuery(Query):
    unread = Flag(required=False)


class ReadAllResult(Serializer):
    updated = Integer(read_only=True)
