"""Shapes of devices on the wire."""

from khidma.http.fields import Choice, Id, Moment, Text
from khidma.http.serializers import Serializer
from notifications.models import Platform


class PushTokenBody(Serializer):
    token = Text(min_length=8, max_length=512)
    platform = Choice(choices=Platform.choices)
    device_id = Text(required=False, max_length=200)


class PushTokenSerializer(Serializer):
    id = Id(read_only=True)
    platform = Text(read_only=True)
    device_id = Text(read_only=True)
    created_at = Moment(read_only=True)
