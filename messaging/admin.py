"""What operators see of conversations: who talks about what, and when.

What was said stands on one page only, "What was said": for operators of trust, and of support where the chat is with
support; each look at it is on record.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action as unfold_action

from accounts.models import User
from khidma.kernel.admin import OperatorAdmin
from khidma.kernel.errors import KhidmaError
from messaging import selectors, services
from messaging.models import (
    LONGEST_TEXT,
    Conversation,
    Message,
    Original,
    Participant,
    ReadMark,
    SupportChat,
    SupportWait,
)


class AnswerForm(forms.Form):
    """What support writes to a user."""

    text = forms.CharField(label=_("Your answer"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Conversation)
class ConversationAdmin(OperatorAdmin):
    list_display = ("id", "kind", "order_id", "application_id", "last_sequence", "last_activity_at")
    list_filter = ("kind", "last_activity_at")
    search_fields = ("id", "order__id", "application__id")
    raw_id_fields = ("application", "order", "last_message")
    ordering = ("-last_activity_at",)
    actions_detail = ("talk",)

    @unfold_action(description=_("What was said"), url_path="talk", permissions=["talk"])  # type: ignore[untyped-decorator]
    def talk(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The messages of one conversation, the masked ones as they were written; support answers here."""
        conversation = self.get_object(request, object_id)
        if conversation is None:
            raise Http404
        if not selectors.may_look_into(_operator(request), conversation):
            raise PermissionDenied
        form = AnswerForm(request.POST or None)
        if request.method == "POST" and self._answered(request, conversation, form):
            return redirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What was said"),
            "opts": self.opts,
            "talk": services.look_into(
                conversation=conversation, operator=_operator(request), before=_number(request.GET.get("before"))
            ),
            "form": form,
        }
        return render(request, "messaging/talk.html", context)

    def has_talk_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether there may be a conversation that this operator may look into; the page itself looks closer."""
        return request.user.has_perm("accounts.trust") or request.user.has_perm("accounts.support")

    def _answered(self, request: HttpRequest, conversation: Conversation, form: AnswerForm) -> bool:
        """Whether the answer was sent; a refusal is shown."""
        if conversation.kind != "support" or not request.user.has_perm("accounts.support"):
            raise PermissionDenied
        if not form.is_valid():
            return False
        try:
            services.answer_as_support(
                conversation=conversation, operator=_operator(request), text=form.cleaned_data["text"]
            )
        except KhidmaError as error:
            self.message_user(request, str(error.details or error), messages.ERROR)
            return False
        return True


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


@admin.register(SupportChat)
class SupportChatAdmin(OperatorAdmin):
    list_display = ("user_id", "unread_count", "last_message_at", "archived_at", "blocked_at", "removed_at", "talk")
    list_filter = ("archived_at", "blocked_at", "removed_at")
    search_fields = ("conversation__id", "user__id", "user__phone")
    raw_id_fields = ("conversation",)
    ordering = ("-last_message_at",)

    @admin.display(description=_("answer"))
    def talk(self, chat: SupportChat) -> str:
        """The way to the page on which the chat is read and answered."""
        address = reverse("admin:messaging_conversation_talk", args=[chat.conversation_id])
        return format_html('<a href="{}">{}</a>', address, _("Open"))


@admin.register(SupportWait)
class SupportWaitAdmin(OperatorAdmin):
    """Who waits for an answer, the longest first, and how long others waited."""

    list_display = ("chat", "since", "noticed_at", "ended_at", "ended_by_id", "is_answered")
    list_filter = ("is_answered", "noticed_at", "ended_at", "since")
    list_select_related = ("chat__user",)
    search_fields = ("chat__conversation__id", "chat__user__id", "chat__user__phone")
    ordering = ("-since",)


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
