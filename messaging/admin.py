"""What operators see of conversations: who talks about what, and when; what was said stays out of the lists."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from messaging.models import Conversation, Message, Original, Participant, ReadMark


@admin.register(Conversation)
class ConversationAdmin(OperatorAdmin):
    list_display = ("id", "kind", "order_id", "application_id", "last_sequence", "last_activity_at")
    list_filter = ("kind", "last_activity_at")
    search_fields = ("id", "order__id", "application__id")
    raw_id_fields = ("application", "order", "last_message")
    ordering = ("-last_activity_at",)


@admin.register(Participant)
class ParticipantAdmin(OperatorAdmin):
    list_display = ("conversation_id", "user", "last_read_sequence", "unread_count", "last_read_at")
    list_filter = ("last_read_at",)
    list_select_related = ("user",)
    search_fields = ("conversation__id", "user__id", "user__phone", "user__email")


@admin.register(Message)
class MessageAdmin(OperatorAdmin):
    list_display = ("conversation_id", "sequence", "kind", "sender", "is_flagged", "created_at")
    list_filter = ("kind", "is_flagged", "created_at")
    list_select_related = ("sender",)
    search_fields = ("id", "conversation__id", "sender__id")
    ordering = ("-created_at",)
    exclude = ("text",)


@admin.register(Original)
class OriginalAdmin(OperatorAdmin):
    list_display = ("message_id", "created_at")
    list_filter = ("created_at",)
    search_fields = ("message__id", "message__conversation__id")
    ordering = ("-created_at",)
    exclude = ("text",)


@admin.register(ReadMark)
class ReadMarkAdmin(OperatorAdmin):
    list_display = ("participant_id", "sequence", "created_at")
    list_filter = ("created_at",)
    search_fields = ("participant__conversation__id", "participant__user__id")
