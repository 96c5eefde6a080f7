"""What operators see across all apps."""

from operations.selectors.messages import (
    DeskFigures,
    desk_figures,
    get_contact,
    list_contacts,
    list_desk_messages,
    show_desk_message,
)
from operations.selectors.settings import get_category, list_settings
from operations.selectors.system import SystemFigures, last_check, system_figures

__all__ = [
    "DeskFigures",
    "SystemFigures",
    "desk_figures",
    "get_category",
    "get_contact",
    "last_check",
    "list_contacts",
    "list_desk_messages",
    "list_settings",
    "show_desk_message",
    "system_figures",
]
