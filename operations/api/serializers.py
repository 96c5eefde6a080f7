"""Shapes of what operators see and set, on the wire."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from khidma.http.fields import Text
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
