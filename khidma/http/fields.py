"""Fields with strict JSON types: nothing is guessed, rounded, parsed from text or let through out of range."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from khidma.http.text import clean
from khidma.kernel.money import CAP_PAISE

MOST = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MOMENT = EPOCH
LAST_MOMENT = datetime(2100, 1, 1, tzinfo=UTC)
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2100, 12, 31)

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)


def reads_text(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    """Whether the field stands in a Query, whose values come as text."""
    return bool(getattr(field.root, "reads_text", False))


def milliseconds(moment: datetime) -> int:
    """A moment as the wire shows it: whole milliseconds since the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


class Text(serializers.CharField):
    """A text; trimmed, and without control or bidirectional characters. Lengths count after that."""

    default_error_messages = {"invalid": _("Must be a text.")}

    def __init__(self, *, single_line: bool = False, **kwargs: Any) -> None:
        self.single_line = single_line
        super().__init__(**kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            data = clean(data, single_line=self.single_line)
        elif data is not empty and data is not None:
            self.fail("invalid")
        return super().run_validation(data)


class Slug(Text):
    """A short lower-case name such as `web-design`."""

    default_error_messages = {"slug": _("Must be lower-case letters, digits and hyphens.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 80)
        super().__init__(single_line=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not SLUG.fullmatch(data):
            self.fail("slug")
        return str(data)


class Link(Text):
    """An https address."""

    default_error_messages = {"link": _("Must be an https address.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 2000)
        super().__init__(single_line=True, **kwargs)
        self.validators.append(URLValidator(schemes=["https"], message=self.error_messages["link"]))


class Integer(serializers.IntegerField):
    """A whole number: a JSON integer, never `true`, `1.0` or text."""

    default_error_messages = {"invalid": _("Must be a whole number.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -MOST)
        kwargs.setdefault("max_value", MOST)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and reads_text(self) and WHOLE_NUMBER.fullmatch(data):
            return int(data)
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> int:
        return int(value)


class Paise(Integer):
    """An amount of money in paise: from 1 to ₹1 crore unless the field says otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", CAP_PAISE)
        super().__init__(**kwargs)


class Number(serializers.FloatField):
    """A number that is not money: a coordinate, a distance, a share."""

    default_error_messages = {"invalid": _("Must be a number.")}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, str) and reads_text(self) and NUMBER.fullmatch(data):
            return float(data)
        if not isinstance(data, int | float) or isinstance(data, bool) or abs(data) > MOST or not math.isfinite(data):
            self.fail("invalid")
        return float(data)


class Flag(serializers.BooleanField):
    """`true` or `false`."""

    default_error_messages = {"invalid": _("Must be true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, str) and reads_text(self) and data in {"true", "false"}:
            return data == "true"
        if not isinstance(data, bool):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> bool:
        return bool(value)


@extend_schema_field(
    {
        "type": "integer",
        "format": "int64",
        "description": "Milliseconds since the epoch, UTC.",
        "examples": [1767225600000],
    }
)
class Moment(serializers.Field[datetime, int, int, Any]):
    """A moment: milliseconds since the epoch on the wire, an aware datetime in Python."""

    default_error_messages = {
        "invalid": _("Must be a moment: whole milliseconds since the epoch."),
        "range": _("Must be a moment between the years 1970 and 2099."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if isinstance(data, str) and reads_text(self) and WHOLE_NUMBER.fullmatch(data):
            data = int(data)
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        if not 0 <= data < milliseconds(LAST_MOMENT):
            self.fail("range")
        return FIRST_MOMENT + timedelta(milliseconds=data)

    def to_representation(self, value: datetime) -> int:
        return milliseconds(value)


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.Field[date, str, str, Any]):
    """A day as `YYYY-MM-DD`."""

    default_error_messages = {"invalid": _("Must be a day like 2026-01-31.")}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not DAY.fullmatch(data):
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail("invalid")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class Id(serializers.UUIDField):
    """The id of a resource, in the usual form with hyphens."""

    default_error_messages = {"invalid": _("Must be an id.")}

    def to_internal_value(self, data: Any) -> UUID:
        if isinstance(data, UUID):
            return data
        if not isinstance(data, str) or not UUID_TEXT.fullmatch(data):
            self.fail("invalid")
        return UUID(data)

    def to_representation(self, value: Any) -> str:
        return str(value)


class Choice(serializers.ChoiceField):
    """One of a few words."""

    default_error_messages = {"invalid_choice": _("Must be one of: {allowed}.")}

    def to_internal_value(self, data: Any) -> Any:
        for value in self.choices:
            if (type(data) is type(value) and value == data) or (type(data) is str and str(value) == data):
                return value
        return self.fail("invalid_choice", allowed=", ".join(str(value) for value in self.choices))

    def to_representation(self, value: Any) -> Any:
        return value if isinstance(value, int) else str(value)


class ListOf(serializers.ListField):
    """A list of values of one field, at most 100 unless the field says otherwise; in a query, separated by commas."""

    default_error_messages = {"not_a_list": _("Must be a list."), "twice": _("Must not hold the same value twice.")}

    def __init__(self, child: serializers.Field[Any, Any, Any, Any], *, unique: bool = False, **kwargs: Any) -> None:
        self.unique = unique
        kwargs.setdefault("max_length", 100)
        super().__init__(child=child, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, str) and reads_text(self):
            data = [part for part in data.split(",") if part]
        if not isinstance(data, list):
            self.fail("not_a_list")
        values = list(super().to_internal_value(data))
        if self.unique and any(value in values[:index] for index, value in enumerate(values)):
            self.fail("twice")
        return values

    def to_representation(self, data: Iterable[Any] | None) -> list[Any]:
        return [None if item is None else self.child.to_representation(item) for item in data or []]


__all__ = [
    "Choice",
    "Day",
    "Flag",
    "Id",
    "Integer",
    "Link",
    "ListOf",
    "Moment",
    "Number",
    "Paise",
    "Slug",
    "Text",
    "milliseconds",
]
