"""Conversations and messages over HTTP; the socket calls the same services."""

from typing import Any
from uuid import UUID

from django.utils.translation import get_language_from_request
from rest_framework.request import Request

from accounts.api.permissions import caller_of
from accounts.services import require_active
from khidma.http.views import ApiView, Paged, operation
from khidma.realtime.waiting import news
from messaging import selectors, services
from messaging.api.serializers import (
    ConversationSerializer,
    MessageBody,
    MessageSerializer,
    NewsQuery,
    NewsSerializer,
    ReadBody,
    SearchQuery,
)
from messaging.models import Conversation, ConversationKind, Message


def language_of(request: Request) -> str:
    """The language that the caller's client asks for, among ours; empty if it asks for none."""
    return get_language_from_request(request._request) if "Accept-Language" in request.headers else ""


class Conversations(ApiView):
    @operation(access="user", paging="feed", query=SearchQuery, returns=ConversationSerializer)
    def get(self, request: Request) -> Paged:
        """The caller's conversations, the one with the newest message first; `search`: those in which it was said."""
        conversations = selectors.list_conversations_for(caller_of(request), **self.query())
        return self.feed(conversations, order=("-last_activity_at", "-id"))


class ConversationDetail(ApiView):
    @operation(access="user", returns=ConversationSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Conversation:
        """One conversation."""
        conversation = services.reach_conversation(actor=caller_of(request), conversation_id=conversation_id)
        return selectors.show_conversation(caller_of(request), conversation)


class ConversationOfOrder(ApiView):
    @operation(access="user", returns=ConversationSerializer)
    def get(self, request: Request, order_id: UUID) -> Conversation:
        """The conversation of an order."""
        conversation = services.reach_conversation(actor=caller_of(request), order_id=order_id)
        return selectors.show_conversation(caller_of(request), conversation)


class ConversationOfApplication(ApiView):
    @operation(access="user", returns=ConversationSerializer)
    def get(self, request: Request, application_id: UUID) -> Conversation:
        """The negotiation thread of an application."""
        conversation = services.reach_conversation(actor=caller_of(request), application_id=application_id)
        return selectors.show_conversation(caller_of(request), conversation)


class Messages(ApiView):
    @operation(access="user", paging="feed", query=SearchQuery, returns=MessageSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Paged:
        """What was said, newest first; `search`: only what holds these words."""
        conversation = services.reach_conversation(actor=caller_of(request), conversation_id=conversation_id)
        return self.feed(selectors.list_messages(conversation, **self.query()), order=("-sequence",))

    @operation(access="user", body=MessageBody, returns=MessageSerializer, status=201, open_to_suspended=True)
    def post(self, request: Request, conversation_id: UUID) -> Message:
        """Say something; a suspended user, to support alone."""
        conversation = services.reach_conversation(actor=caller_of(request), conversation_id=conversation_id)
        if conversation.kind != ConversationKind.SUPPORT:
            require_active(user=caller_of(request))
        message = services.send_message(conversation=conversation, sender=caller_of(request), **self.body())
        return selectors.show_message(message)


class Read(ApiView):
    @operation(access="user", body=ReadBody, returns=ConversationSerializer)
    def post(self, request: Request, conversation_id: UUID) -> Conversation:
        """Mark everything up to and with a message as read."""
        conversation = services.reach_conversation(actor=caller_of(request), conversation_id=conversation_id)
        message = selectors.get_message_in(conversation, self.body()["message_id"])
        services.mark_read(conversation=conversation, reader=caller_of(request), message=message)
        return selectors.show_conversation(caller_of(request), conversation)


class SupportMessages(ApiView):
    @operation(access="user", paging="feed", query=SearchQuery, returns=MessageSerializer)
    def get(self, request: Request) -> Paged:
        """The caller's chat with support, newest first; `search`: only what holds these words."""
        conversation = services.open_support(user=caller_of(request))
        return self.feed(selectors.list_messages(conversation, **self.query()), order=("-sequence",))

    @operation(access="user", body=MessageBody, returns=MessageSerializer, status=201, open_to_suspended=True)
    def post(self, request: Request) -> Message:
        """Write to support."""
        conversation = services.open_support(user=caller_of(request), language=language_of(request))
        message = services.send_message(conversation=conversation, sender=caller_of(request), **self.body())
        return selectors.show_message(message)


class Poll(ApiView):
    @operation(access="user", query=NewsQuery, returns=NewsSerializer)
    def get(self, request: Request) -> dict[str, Any]:
        """The events that the socket would have sent after a number; `RESET` where some of them are no longer kept."""
        found = news(user_id=caller_of(request).pk, **self.query())
        reset = {"event": "RESET", "data": {"seq": found.seq}, "seq": found.seq}
        return {"events": [reset] if found.is_reset else found.events, "seq": found.seq}
