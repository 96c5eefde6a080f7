"""What operators see and set, over HTTP."""

import re
from typing import Any

from rest_framework.request import Request

from accounts.api.permissions import caller_of
from khidma.http.text import camel
from khidma.http.views import ApiView, operation
from khidma.kernel.errors import Invalid
from messaging import services as messaging
from messaging.models import Message, SupportChat, SupportStanding
from messaging.selectors import get_support_conversation, get_support_message
from operations import selectors, services
from operations.api.desk_serializers import (
    DeskBody,
    DeskChange,
    DeskChangeBody,
    DeskMessageSerializer,
    DeskQuery,
    DeskRemovalQuery,
    DeskView,
)
from operations.api.serializers import AllSettings, SettingsBody, SettingsQuery, SystemSerializer
from operations.errors import SettingsUnknown

ON_THE_DESK = {"text": "content"}
"""What operators' bodies call the fields of messaging's services."""


def snake(name: str) -> str:
    """The Python name of a setting: `autoApproveDays` → `auto_approve_days`."""
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def on_the_wire(values: dict[str, Any]) -> dict[str, Any]:
    """Settings under their camelCase names."""
    return {camel(name): value for name, value in values.items()}


class SettingsList(ApiView):
    @operation(access="staff", query=SettingsQuery, returns=AllSettings, errors=[SettingsUnknown])
    def get(self, request: Request) -> Any:
        """Settings by category."""
        listed = selectors.list_settings(self.query().get("category"))
        return {category: on_the_wire(values) for category, values in listed.items()}


class SettingsDetail(ApiView):
    @operation(access="staff", returns=AllSettings, errors=[SettingsUnknown])
    def get(self, request: Request, category: str) -> Any:
        """One category."""
        return on_the_wire(selectors.get_category(category).load().as_dict())

    @operation(access="staff", permission="settings", body=SettingsBody, returns=AllSettings, errors=[SettingsUnknown])
    def put(self, request: Request, category: str) -> Any:
        """Change some values of one category; the others stay."""
        kind = selectors.get_category(category)
        values = {snake(name): value for name, value in self.body()["values"].items()}
        try:
            changed = services.change_settings(category=kind, values=values, operator=caller_of(request))
        except Invalid as error:
            raise Invalid(details=on_the_wire(error.details)) from error
        return on_the_wire(changed.as_dict())


class Messages(ApiView):
    """The desk of support: what users wrote to it and what it answers."""

    @operation(
        access="staff",
        permission="support",
        query=DeskQuery,
        returns=DeskView,
        extras={"pagination": {"$ref": "#/components/schemas/Pagination"}},
    )
    def get(self, request: Request) -> Any:
        """Contacts, messages or figures, by type; `pagination` with the first two."""
        asked = self.query()
        wanted = {name: asked[name] for name in ("search", "role", "status")}
        if asked["type"] == "contacts":
            return self.page(selectors.list_contacts(**wanted))
        if asked["type"] == "messages":
            return self.page(selectors.list_desk_messages(conversation_id=asked["conversation_id"], **wanted))
        return selectors.desk_figures()

    @operation(access="staff", permission="support", body=DeskBody, returns=DeskMessageSerializer, status=201)
    def post(self, request: Request) -> Message:
        """Write into a conversation as support; whose answer it is stays among operators."""
        conversation = get_support_conversation(self.body()["conversation_id"])
        try:
            message = messaging.answer_as_support(
                conversation=conversation,
                operator=caller_of(request),
                text=self.body()["content"],
                attachments=self.body()["attachments"],
            )
        except Invalid as error:
            raise Invalid(
                details={ON_THE_DESK.get(name, name): what for name, what in error.details.items()}
            ) from error
        return selectors.show_desk_message(message.pk)

    @operation(access="staff", permission="support", body=DeskChangeBody, partial=False, returns=DeskChange)
    def patch(self, request: Request) -> Message | SupportChat:
        """Mark a message as read or unread, or archive, block or take up a contact again."""
        asked = self.body()
        if "message_id" in asked:
            message = get_support_message(asked["message_id"])
            messaging.mark_for_support(message=message, is_read=asked["status"] == "read")
            return selectors.show_desk_message(message.pk)
        chat = messaging.change_standing(
            conversation=get_support_conversation(asked["contact_id"]),
            operator=caller_of(request),
            standing=SupportStanding(asked["status"]),
        )
        return selectors.get_contact(chat.user_id)

    @operation(access="staff", permission="support", query=DeskRemovalQuery)
    def delete(self, request: Request) -> None:
        """Take a message or a conversation out of the operators' view; users keep it, nothing is lost."""
        asked = self.query()
        if "message_id" in asked:
            messaging.remove_message(message=get_support_message(asked["message_id"]), operator=caller_of(request))
        else:
            conversation = get_support_conversation(asked["conversation_id"])
            messaging.remove_chat(conversation=conversation, operator=caller_of(request))


class SystemMetrics(ApiView):
    @operation(access="staff", returns=SystemSerializer)
    def get(self, request: Request) -> selectors.SystemFigures:
        """Health of database, cache, queue, workers, gateway, outbox and ledger; null where it is unknown."""
        return selectors.system_figures()
