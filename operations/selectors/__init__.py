"""What operators see across all apps."""

from operations.selectors.settings import get_category, list_settings
from operations.selectors.system import SystemFigures, last_check, system_figures

__all__ = ["SystemFigures", "get_category", "last_check", "list_settings", "system_figures"]
