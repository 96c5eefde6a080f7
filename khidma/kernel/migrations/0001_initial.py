"""The kernel's tables, the clock function that all others' defaults call, and what the app's role may not change."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids

CLOCK = """
ALTER TABLE kernel_clock ADD CONSTRAINT kernel_clock_one_row CHECK (id = 1);
INSERT INTO kernel_clock (id, shift) VALUES (1, '0');
CREATE FUNCTION khidma_now() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT statement_timestamp() + (SELECT shift FROM public.kernel_clock WHERE id = 1)';
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON kernel_clock FROM khidma_app;
"""

APPEND_ONLY = """
REVOKE UPDATE, DELETE, TRUNCATE ON kernel_state_change, kernel_audit_record FROM khidma_app;
"""


class Migration(migrations.Migration):
    initial = True

    # contenttypes comes before every app with a user, so the clock is there when their columns call it.
    run_before = [("contenttypes", "0001_initial")]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("shift", models.DurationField(default=datetime.timedelta(0))),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clock",
                "db_table": "kernel_clock",
            },
        ),
        migrations.RunSQL(CLOCK, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="OutboxEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("payload", models.JSONField()),
                ("request_id", models.CharField(blank=True, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(db_default=khidma.kernel.clock.Now(), db_index=True),
                ),
            ],
            options={
                "verbose_name": "event",
                "db_table": "kernel_outbox_event",
            },
        ),
        migrations.CreateModel(
            name="SettingsCategory",
            fields=[
                (
                    "category",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("values", models.JSONField(default=dict)),
                (
                    "updated_at",
                    models.DateTimeField(db_default=khidma.kernel.clock.Now()),
                ),
            ],
            options={
                "verbose_name": "settings",
                "verbose_name_plural": "settings",
                "db_table": "kernel_settings",
            },
        ),
        migrations.CreateModel(
            name="AuditRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("actor_id", models.UUIDField(null=True)),
                ("action", models.CharField(max_length=60)),
                ("target_type", models.CharField(max_length=60)),
                ("target_id", models.CharField(max_length=60)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("address", models.GenericIPAddressField(null=True)),
            ],
            options={
                "verbose_name": "audit record",
                "db_table": "kernel_audit_record",
                "indexes": [
                    models.Index(
                        fields=["target_type", "target_id", "id"],
                        name="kernel_audit_target",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StateChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject_type", models.CharField(max_length=40)),
                ("subject_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("from_status", models.CharField(blank=True, max_length=30)),
                ("to_status", models.CharField(max_length=30)),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_role", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=2000)),
                ("at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
            ],
            options={
                "verbose_name": "state change",
                "db_table": "kernel_state_change",
                "indexes": [
                    models.Index(
                        fields=["subject_type", "subject_id", "id"],
                        name="kernel_state_change_subject",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("handler", models.CharField(max_length=150)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("done", "Done"),
                            ("dead", "Dead"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("done_at", models.DateTimeField(null=True)),
                ("last_error", models.TextField(blank=True)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="kernel.outboxevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "event delivery",
                "verbose_name_plural": "event deliveries",
                "db_table": "kernel_outbox_delivery",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["due_at", "id"],
                        name="kernel_outbox_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "dead")),
                        fields=["id"],
                        name="kernel_outbox_dead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "handler"),
                        name="kernel_outbox_once_per_handler",
                    )
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
