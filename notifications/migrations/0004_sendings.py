"""How notifications go out, what people want to hear, and what texts cost."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_hidden_columns"),
        ("notifications", "0003_webhooks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Digest",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("told_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "digest",
                "verbose_name_plural": "digests",
            },
        ),
        migrations.AddField(
            model_name="notification",
            name="dedupe_key",
            field=models.CharField(max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="notification",
            name="language",
            field=models.CharField(default="en", max_length=2),
        ),
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notification_preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "language",
                    models.CharField(choices=[("en", "English"), ("hi", "Hindi")], default="en", max_length=2),
                ),
                ("push", models.BooleanField(default=True)),
                ("sms", models.BooleanField(default=True)),
                ("email", models.BooleanField(default=True)),
                ("choices", models.JSONField(default=dict)),
                ("quiet_start", models.TimeField(null=True)),
                ("quiet_end", models.TimeField(null=True)),
                ("time_zone", models.CharField(default="Asia/Kolkata", max_length=64)),
                ("updated_at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
            ],
            options={
                "verbose_name": "preferences",
                "verbose_name_plural": "preferences",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["en", "hi"])), name="notifications_language"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("quiet_end__isnull", True), ("quiet_start__isnull", True)),
                            models.Q(
                                ("quiet_end__isnull", False),
                                ("quiet_start__isnull", False),
                                models.Q(("quiet_start", models.F("quiet_end")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="notifications_quiet_hours",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sending",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "channel",
                    models.CharField(choices=[("sms", "Sms"), ("email", "Email"), ("push", "Push")], max_length=5),
                ),
                ("device_id", models.UUIDField(help_text="Of a push; the device may be gone since.", null=True)),
                ("text", models.CharField(blank=True, max_length=1000)),
                ("values", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sent", "sent"),
                            ("refused", "refused for good"),
                            ("dropped", "dropped by us"),
                            ("dead", "given up"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("due_at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("provider", models.CharField(blank=True, max_length=20)),
                ("sent_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                (
                    "notification",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sendings",
                        to="notifications.notification",
                    ),
                ),
            ],
            options={
                "verbose_name": "sending",
                "verbose_name_plural": "sendings",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "waiting")),
                        fields=["channel", "due_at", "id"],
                        name="notifications_sending_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "dead")), fields=["id"], name="notifications_sending_dead"
                    ),
                    models.Index(fields=["created_at"], name="notifications_sending_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("notification", "channel", "device_id"),
                        name="notifications_sending_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("channel", "push"), ("device_id__isnull", False)),
                            models.Q(models.Q(("channel", "push"), _negated=True), ("device_id__isnull", True)),
                            _connector="OR",
                        ),
                        name="notifications_sending_device",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("status", "sent")),
                            models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="notifications_sending_sent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "sent", "refused", "dropped", "dead"])),
                        name="notifications_sending_status",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SmsCount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("day", models.DateField()),
                ("count", models.PositiveIntegerField(default=0)),
                (
                    "refused",
                    models.PositiveIntegerField(default=0, help_text="Over the cap; these went by other channels."),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "text messages of a day",
                "verbose_name_plural": "text messages of a day",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "user"), name="notifications_sms_count_once", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
