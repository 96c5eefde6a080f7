"""Conversations, who takes part in them, what was said, and how far each has read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User

LONGEST_TEXT = 4_000


class ConversationKind(models.TextChoices):
    """What a conversation is about; an application's turns into its order's."""

    ORDER = "order", _("order")
    APPLICATION = "application", _("application")
    SUPPORT = "support", _("support")


class MessageKind(models.TextChoices):
    """What a message mainly is; a system message has no sender."""

    TEXT = "text", _("text")
    IMAGE = "image", _("image")
    VOICE = "voice", _("voice")
    VIDEO = "video", _("video")
    DOCUMENT = "document", _("document")
    SYSTEM = "system", _("system")


class Desk(models.TextChoices):
    """Which way a message goes in a chat with support; elsewhere it goes no such way."""

    NONE = "", _("between users")
    ASKED = "asked", _("from a user to support")
    ANSWERED = "answered", _("from support to a user")


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations by who takes part."""

    def of(self, user: "User") -> Self:
        """Those that the user takes part in, with that user's `unread_count`."""
        return self.filter(participants__user=user).annotate(unread_count=F("participants__unread_count"))


class Conversation(Record):
    """One talk. Its id is minted with the application or order, so that both name the same one.

    `last_sequence` gives out the numbers of messages, under this row's lock.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=ConversationKind)
    application = models.OneToOneField(
        "gigs.Application", models.PROTECT, null=True, related_name="+", verbose_name=_("application")
    )
    order = models.OneToOneField("orders.Order", models.PROTECT, null=True, related_name="+", verbose_name=_("order"))
    last_sequence = models.PositiveIntegerField(_("messages"), default=0)
    last_message = models.ForeignKey(
        "messaging.Message", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("last message")
    )
    last_activity_at = models.DateTimeField(_("last activity"), db_default=Now())

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=ConversationKind.ORDER, order__isnull=False)
                | Q(kind=ConversationKind.APPLICATION, application__isnull=False, order__isnull=True)
                | Q(kind=ConversationKind.SUPPORT, application__isnull=True, order__isnull=True),
                name="messaging_conversation_about",
            ),
            models.CheckConstraint(
                condition=Q(last_sequence=0, last_message__isnull=True)
                | Q(last_sequence__gt=0, last_message__isnull=False),
                name="messaging_conversation_last_message",
            ),
        ]
        indexes = [models.Index(fields=["-last_activity_at", "-id"], name="messaging_newest_activity")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Participant(Record):
    """A user's place in a conversation. `unread_count` counts the messages of others after `last_read_sequence`."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="participants", verbose_name=_("conversation"), db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    last_read_sequence = models.PositiveIntegerField(_("read up to"), default=0)
    last_read_at = models.DateTimeField(_("last read at"), null=True)
    unread_count = models.PositiveIntegerField(_("unread"), default=0)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="messaging_participant_once"),
            models.CheckConstraint(
                condition=Q(last_read_sequence=0, last_read_at__isnull=True)
                | Q(last_read_sequence__gt=0, last_read_at__isnull=False),
                name="messaging_participant_read_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


class Message(Record):
    """One thing said, numbered within its conversation without gaps. The text is stored as written, never as HTML.

    `is_flagged`: it held contact details, which are masked in `text`; `Original` keeps what was written. `desk` tells
    questions to support from its answers, whose sender is an operator and stays unnamed to users.
    """

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="messages", verbose_name=_("conversation"), db_index=False
    )
    sequence = models.PositiveIntegerField(_("number"))
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("sender")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind, default=MessageKind.TEXT)
    text = models.TextField(_("text"), blank=True)
    client_message_id = models.CharField(_("sender's own id"), max_length=100, blank=True, default="")
    is_flagged = models.BooleanField(_("held contact details"), default=False)
    desk = models.CharField(_("to or from support"), max_length=8, choices=Desk, blank=True, default=Desk.NONE)
    removed_at = models.DateTimeField(_("removed from the operators' view at"), null=True)

    new_files: Sequence[Any] = ()
    """What comes with one that is about to be stored; for stored ones selectors annotate `files`."""

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="messaging_message_number"),
            models.UniqueConstraint(
                fields=["conversation", "sender", "client_message_id"],
                condition=~Q(client_message_id=""),
                name="messaging_message_once",
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="messaging_message_counts_from_one"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("text"), LONGEST_TEXT), name="messaging_message_length"
            ),
            models.CheckConstraint(
                condition=Q(kind=MessageKind.SYSTEM, sender__isnull=True)
                | ~Q(kind=MessageKind.SYSTEM) & Q(sender__isnull=False),
                name="messaging_message_sender",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[MessageKind.TEXT, MessageKind.SYSTEM]) | ~Q(text=""),
                name="messaging_message_says_something",
            ),
            models.CheckConstraint(condition=Q(desk__in=Desk.values), name="messaging_message_desk_is_known"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], condition=~Q(desk=Desk.NONE), name="messaging_desk_newest"),
            GinIndex(OpClass(Upper("text"), name="gin_trgm_ops"), name="messaging_message_words"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} of {self.conversation_id}"

    @property
    def shown_sender_id(self) -> "UUID | None":
        """Who said it, as users see it: nobody for the system and for support."""
        return None if self.desk == Desk.ANSWERED else self.sender_id


class Original(Record):
    """A message as it was written, where contact details were masked. Operators alone see it, each look on record."""

    message = models.OneToOneField(Message, models.CASCADE, related_name="original", verbose_name=_("message"))
    text = models.TextField(_("text as written"))

    class Meta:
        verbose_name = _("original of a masked message")
        verbose_name_plural = _("originals of masked messages")

    def __str__(self) -> str:
        return f"original of {self.message_id}"


class ReadMark(Record):
    """When a participant's reading reached a number: tells for each message when it was read. Never changed."""

    participant = models.ForeignKey(
        Participant, models.CASCADE, related_name="read_marks", verbose_name=_("participant"), db_index=False
    )
    sequence = models.PositiveIntegerField(_("read up to"))

    class Meta:
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")
        constraints = [
            models.UniqueConstraint(fields=["participant", "sequence"], name="messaging_read_mark_once"),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} read {self.sequence}"
