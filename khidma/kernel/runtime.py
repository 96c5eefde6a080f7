"""Runtime settings: typed categories that operators change while the system runs, everywhere within five seconds."""

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_type_hints

from khidma.kernel.clock import Now
from khidma.kernel.errors import Invalid
from khidma.kernel.models import SettingsCategory

S = TypeVar("S", bound="RuntimeSettings")

FRESH_SECONDS = 3.0
"""How long a process may go on with what it has read."""


def setting(
    default: Any,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    choices: tuple[str, ...] = (),
    check: Callable[[Any], bool] | None = None,
    help: str = "",
) -> Any:
    """A field of a category: its default, its bounds, and what it means (with its unit)."""
    metadata = {"minimum": minimum, "maximum": maximum, "choices": choices, "check": check, "help": help}
    if isinstance(default, dict | list):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
class RuntimeSettings:
    """Base of the categories. Subclass with `category="…"` and annotated fields made by `setting`."""

    category: ClassVar[str]
    _kinds: ClassVar[dict[str, type["RuntimeSettings"]]] = {}
    _cache: ClassVar[dict[str, tuple[float, Any]]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init_subclass__(cls, *, category: str) -> None:
        cls.category = category
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        RuntimeSettings._kinds[category] = cls

    @classmethod
    def load(cls: type[S]) -> S:
        """The values in force, at most three seconds old."""
        cached = RuntimeSettings._cache.get(cls.category)
        if cached and time.monotonic() - cached[0] < FRESH_SECONDS:
            found: S = cached[1]
            return found
        row = SettingsCategory.objects.filter(pk=cls.category).first()
        known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        loaded = cls(**{name: value for name, value in (row.values if row else {}).items() if name in known})
        RuntimeSettings._cache[cls.category] = (time.monotonic(), loaded)
        return loaded

    @classmethod
    def checked(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, if each is known and within its bounds. :raises Invalid: with what is wrong with which."""
        hints, fields = get_type_hints(cls), {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        wrong: dict[str, list[str]] = {}
        for name, value in values.items():
            if name not in fields:
                wrong[name] = ["Unknown setting."]
            elif complaint := _complaint(hints[name], fields[name].metadata, value):
                wrong[name] = [complaint]
        if wrong:
            raise Invalid(details=wrong)
        return values

    def as_dict(self) -> dict[str, Any]:
        """All values of the category, snake_case."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]


def _complaint(hint: Any, bounds: Any, value: Any) -> str:
    if hint is int and (not isinstance(value, int) or isinstance(value, bool)):
        return "A whole number is needed."
    if hint in (bool, str, dict, list) and not isinstance(value, hint):
        return "The value has the wrong type."
    if bounds["minimum"] is not None and value < bounds["minimum"]:
        return f"At least {bounds['minimum']}."
    if bounds["maximum"] is not None and value > bounds["maximum"]:
        return f"At most {bounds['maximum']}."
    if bounds["choices"] and value not in bounds["choices"]:
        return f"One of: {', '.join(bounds['choices'])}."
    if bounds["check"] and not bounds["check"](value):
        return "This value is not allowed."
    return ""


def categories() -> dict[str, type[RuntimeSettings]]:
    """Every category that the apps have declared, by name."""
    return dict(RuntimeSettings._kinds)


def change(category: type[RuntimeSettings], values: dict[str, Any]) -> RuntimeSettings:
    """Merge new values into a category; in force here at once, elsewhere within five seconds.

    :raises Invalid: a value is unknown or out of bounds.
    """
    category.checked(values)
    row, _ = SettingsCategory.objects.select_for_update().get_or_create(pk=category.category)
    row.values = {**row.values, **values}
    SettingsCategory.objects.filter(pk=row.pk).update(values=row.values, updated_at=Now())
    forget_cached()
    return category.load()


def forget_cached() -> None:
    """Drop what this process has read (after a change, and between tests)."""
    RuntimeSettings._cache.clear()
