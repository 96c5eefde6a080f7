"""Strict reading of request bodies: every field is known, typed and within its limits, or the request is refused."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sandbox.errors import Rejected

Body = dict[str, Any]
Reader = Callable[[str, Any], Any]
MINIMUM_AMOUNT = "The amount must be at least INR 1.00"


def read(body: Any, readers: Mapping[str, Reader], *, required: Collection[str] = ()) -> Body:
    """The known fields of `body`, each through its reader.

    :raises Rejected: for what is no object, an unknown field, a missing one or a bad value.
    """
    if not isinstance(body, dict):
        raise Rejected("The request body must be a JSON object.")
    unknown = [name for name in body if name not in readers]
    if unknown:
        raise Rejected(f"{', '.join(unknown)} is/are not required and should not be sent", reason="extra_field_sent")
    for name in required:
        if body.get(name) in (None, ""):
            raise Rejected(f"The {name.replace('_', ' ')} field is required.", field=name)
    return {name: readers[name](name, value) for name, value in body.items() if value is not None}


def integer(minimum: int, maximum: int = 2**53) -> Reader:
    def reader(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Rejected(f"The {name} must be an integer.", field=name)
        if value < minimum:
            raise Rejected(
                MINIMUM_AMOUNT if name == "amount" else f"The {name} must be at least {minimum}.", field=name
            )
        if value > maximum:
            raise Rejected(f"The {name} may not be greater than {maximum}.", field=name)
        return value

    return reader


amount = integer(100)


def text(maximum: int, minimum: int = 0, pattern: str = "") -> Reader:
    def reader(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise Rejected(f"The {name} must be a string.", field=name)
        if not minimum <= len(value) <= maximum:
            raise Rejected(f"The {name} must be between {minimum} and {maximum} characters.", field=name)
        if pattern and not re.fullmatch(pattern, value):
            raise Rejected(f"The {name} format is invalid.", field=name)
        return value

    return reader


def choice(*values: str) -> Reader:
    def reader(name: str, value: Any) -> str:
        if value not in values:
            raise Rejected(f"Invalid {name}: {value}", field=name)
        return str(value)

    return reader


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Rejected(f"The {name} field must be true or false.", field=name)
    return value


def zero_or_one(name: str, value: Any) -> bool:
    if value not in (0, 1):
        raise Rejected(f"The {name} field must be 0 or 1.", field=name)
    return bool(value)


def currency(name: str, value: Any) -> str:
    if value != "INR":
        raise Rejected("Currency is not supported", field=name)
    return "INR"


def notes(name: str, value: Any) -> Any:
    """At most 15 pairs; none at all is an empty list, as in every answer of the gateway."""
    if value in ([], {}):
        return []
    if not isinstance(value, dict) or len(value) > 15:
        raise Rejected("The notes must be an object of at most 15 pairs.", field=name)
    for key, note in value.items():
        if len(key) > 256 or not isinstance(note, (str, int)) or len(str(note)) > 256:
            raise Rejected("The notes may not be longer than 256 characters each.", field=name)
    return value


def identifier(prefix: str) -> Reader:
    def reader(name: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(rf"{prefix}_[A-Za-z0-9]{{14}}", value):
            raise Rejected(f"{value} is not a valid id", field=name)
        return value

    return reader


def nested(readers: Mapping[str, Reader], required: Collection[str] = ()) -> Reader:
    def reader(name: str, value: Any) -> Body:
        return read(value, readers, required=required)

    return reader
