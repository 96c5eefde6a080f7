"""What operators keep about a user's chat with support, and how long each question waited for its answer."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from messaging.models.conversations import Conversation


class SupportStanding(models.TextChoices):
    """How operators see a chat: on the desk, put away until the user writes again, or not taking questions."""

    ACTIVE = "active", _("active")
    ARCHIVED = "archived", _("archived")
    BLOCKED = "blocked", _("blocked")


class SupportChat(Record):
    """A user's chat with support, from the operators' side.

    They have read up to `read_sequence`; `unread_count` are the user's messages after it. Whatever the user writes
    brings an archived or removed chat back to the desk. `language`: what the user's client last asked for, if it did.
    """

    conversation = models.OneToOneField(
        Conversation, models.PROTECT, related_name="support", verbose_name=_("conversation")
    )
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user"))
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, blank=True, default="")
    read_sequence = models.PositiveIntegerField(_("read up to"), default=0)
    unread_count = models.PositiveIntegerField(_("unread"), default=0)
    last_message_at = models.DateTimeField(_("last message"), null=True)
    archived_at = models.DateTimeField(_("archived at"), null=True)
    blocked_at = models.DateTimeField(_("blocked at"), null=True)
    removed_at = models.DateTimeField(_("removed from view at"), null=True)

    class Meta:
        verbose_name = _("chat with support")
        verbose_name_plural = _("chats with support")
        indexes = [
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(last_message_at__isnull=False, removed_at__isnull=True),
                name="messaging_support_newest",
            ),
            models.Index(fields=["id"], condition=Q(unread_count__gt=0), name="messaging_support_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} with support"

    @property
    def standing(self) -> SupportStanding:
        if self.blocked_at is not None:
            return SupportStanding.BLOCKED
        return SupportStanding.ARCHIVED if self.archived_at is not None else SupportStanding.ACTIVE


class SupportWait(Record):
    """A user waits for support since a question; ended by the first answer, or by who put the chat away.

    `noticed_at`: when the clock found that nobody had answered in time, told the user so and called the operators.
    """

    chat = models.ForeignKey(SupportChat, models.PROTECT, related_name="waits", verbose_name=_("chat"), db_index=False)
    since = models.DateTimeField(_("waiting since"))
    noticed_at = models.DateTimeField(_("noticed at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by")
    )
    is_answered = models.BooleanField(_("answered"), default=False)

    class Meta:
        verbose_name = _("wait for support")
        verbose_name_plural = _("waits for support")
        constraints = [
            models.UniqueConstraint(
                fields=["chat"], condition=Q(ended_at__isnull=True), name="messaging_support_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True, is_answered=False)
                | Q(ended_at__gte=F("since"), ended_by__isnull=False),
                name="messaging_support_wait_ended_by",
            ),
        ]
        indexes = [
            models.Index(fields=["since"], condition=Q(ended_at__isnull=True), name="messaging_support_waiting"),
            models.Index(fields=["chat", "-since"], name="messaging_support_waits"),
            models.Index(fields=["-since"], name="messaging_support_waits_since"),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} since {self.since:%d.%m.%Y %H:%M}"
