"""Masked contact details and their originals, which way messages go in chats with support, search in what was said."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
from khidma.kernel.readers import hide_from_readers

ASKED_SO_FAR = """
UPDATE messaging_message SET desk = 'asked'
  FROM messaging_conversation AS conversation
 WHERE conversation.id = conversation_id AND conversation.kind = 'support' AND sender_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_initial"),
        ("gigs", "0001_initial"),  # makes the extension pg_trgm
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Original",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("text", models.TextField(verbose_name="text as written")),
            ],
            options={
                "verbose_name": "original of a masked message",
                "verbose_name_plural": "originals of masked messages",
            },
        ),
        migrations.AddField(
            model_name="message",
            name="desk",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "between users"),
                    ("asked", "from a user to support"),
                    ("answered", "from support to a user"),
                ],
                default="",
                max_length=8,
                verbose_name="to or from support",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="is_flagged",
            field=models.BooleanField(default=False, verbose_name="held contact details"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("desk", ""), _negated=True),
                fields=["-created_at", "-id"],
                name="messaging_desk_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("text"), name="gin_trgm_ops"
                ),
                name="messaging_message_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("desk__in", ["", "asked", "answered"])), name="messaging_message_desk_is_known"
            ),
        ),
        migrations.AddField(
            model_name="original",
            name="message",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="original",
                to="messaging.message",
                verbose_name="message",
            ),
        ),
        migrations.RunSQL(ASKED_SO_FAR, migrations.RunSQL.noop),
        hide_from_readers("messaging_original", "text"),
    ]
