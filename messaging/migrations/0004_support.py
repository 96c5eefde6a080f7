"""The operators' side of chats with support, how long questions wait, and what is removed from their view."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids

DESK_OF_TODAY = """
INSERT INTO messaging_supportchat (id, conversation_id, user_id, language, read_sequence, unread_count, last_message_at)
SELECT gen_random_uuid(), conversation.id, conversation.id, '', 0,
       count(message.id) FILTER (WHERE message.desk = 'asked'), max(message.created_at)
  FROM messaging_conversation AS conversation LEFT JOIN messaging_message AS message
    ON message.conversation_id = conversation.id
 WHERE conversation.kind = 'support' GROUP BY conversation.id
"""
"""A chat with support has the id of its user."""

WAITS_OF_TODAY = """
INSERT INTO messaging_supportwait (id, chat_id, since, is_answered)
SELECT gen_random_uuid(), id, last_message_at, false FROM messaging_supportchat WHERE unread_count > 0
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0003_say"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="removed_at",
            field=models.DateTimeField(null=True, verbose_name="removed from the operators' view at"),
        ),
        migrations.CreateModel(
            name="SupportChat",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=[("en", "English"), ("hi", "Hindi")],
                        default="",
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                ("read_sequence", models.PositiveIntegerField(default=0, verbose_name="read up to")),
                ("unread_count", models.PositiveIntegerField(default=0, verbose_name="unread")),
                ("last_message_at", models.DateTimeField(null=True, verbose_name="last message")),
                ("archived_at", models.DateTimeField(null=True, verbose_name="archived at")),
                ("blocked_at", models.DateTimeField(null=True, verbose_name="blocked at")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="removed from view at")),
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="support",
                        to="messaging.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "chat with support",
                "verbose_name_plural": "chats with support",
            },
        ),
        migrations.CreateModel(
            name="SupportWait",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("since", models.DateTimeField(verbose_name="waiting since")),
                ("noticed_at", models.DateTimeField(null=True, verbose_name="noticed at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                ("is_answered", models.BooleanField(default=False, verbose_name="answered")),
                (
                    "chat",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waits",
                        to="messaging.supportchat",
                        verbose_name="chat",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
            ],
            options={
                "verbose_name": "wait for support",
                "verbose_name_plural": "waits for support",
            },
        ),
        migrations.AddIndex(
            model_name="supportchat",
            index=models.Index(
                condition=models.Q(("last_message_at__isnull", False), ("removed_at__isnull", True)),
                fields=["-last_message_at", "-id"],
                name="messaging_support_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="supportchat",
            index=models.Index(
                condition=models.Q(("unread_count__gt", 0)), fields=["id"], name="messaging_support_unread"
            ),
        ),
        migrations.AddIndex(
            model_name="supportwait",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["since"], name="messaging_support_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="supportwait",
            index=models.Index(fields=["chat", "-since"], name="messaging_support_waits"),
        ),
        migrations.AddIndex(
            model_name="supportwait",
            index=models.Index(fields=["-since"], name="messaging_support_waits_since"),
        ),
        migrations.AddConstraint(
            model_name="supportwait",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("chat",), name="messaging_support_waits_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="supportwait",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True), ("is_answered", False)),
                    models.Q(("ended_at__gte", models.F("since")), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="messaging_support_wait_ended_by",
            ),
        ),
        migrations.RunSQL(DESK_OF_TODAY, migrations.RunSQL.noop),
        migrations.RunSQL(WAITS_OF_TODAY, migrations.RunSQL.noop),
    ]
