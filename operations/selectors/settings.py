"""Runtime settings, as operators see them."""

from typing import Any

from khidma.kernel import runtime
from khidma.kernel.runtime import RuntimeSettings
from operations.errors import SettingsUnknown


def get_category(name: str) -> type[RuntimeSettings]:
    """A category of settings. :raises SettingsUnknown: there is none of this name."""
    found = runtime.categories().get(name)
    if found is None:
        raise SettingsUnknown
    return found


def list_settings(name: str | None = None) -> dict[str, dict[str, Any]]:
    """The values in force by category, or of the one named. :raises SettingsUnknown: there is none of this name."""
    chosen = {name: get_category(name)} if name else runtime.categories()
    return {category: kind.load().as_dict() for category, kind in sorted(chosen.items())}
