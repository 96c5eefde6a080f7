"""The cancellation policy: its versions, quotes, cancellations, and the question to silent doers."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

FIRST_POLICY = """
INSERT INTO orders_cancellationpolicy (free_hours, begun_bp, near_hours, near_bp) VALUES (2, 2500, 2, 1000);
REVOKE UPDATE, DELETE, TRUNCATE ON orders_cancellationpolicy FROM khidma_app;
"""
"""Orders that were placed before there was a table have version 1."""


class Migration(migrations.Migration):
    dependencies = [
        ("gigs", "0002_search_and_counts"),
        ("orders", "0004_overdue_milestones"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cancellation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("fault", models.CharField(max_length=10)),
                ("row", models.CharField(max_length=20)),
                ("held", khidma.kernel.money.PaiseField()),
                ("client_refund", khidma.kernel.money.PaiseField()),
                ("doer_gross", khidma.kernel.money.PaiseField()),
                ("kept", khidma.kernel.money.PaiseField(default=0)),
                ("side", models.CharField(max_length=10)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("changed_mind", "changed mind"),
                            ("doer_no_show", "the doer did not come"),
                            ("client_no_show", "the client was not there"),
                            ("doer_unreachable", "the doer cannot be reached"),
                            ("wrong_description", "the description was wrong"),
                            ("emergency", "emergency"),
                            ("other", "other"),
                            ("unpaid", "not paid in time"),
                            ("silent", "nothing was handed in"),
                        ],
                        max_length=20,
                    ),
                ),
                ("comment", models.TextField(blank=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "cancellation",
                "verbose_name_plural": "cancellations",
            },
        ),
        migrations.CreateModel(
            name="CancellationPolicy",
            fields=[
                ("version", models.SmallAutoField(primary_key=True, serialize=False)),
                ("free_hours", models.PositiveSmallIntegerField()),
                ("begun_bp", models.PositiveSmallIntegerField()),
                ("near_hours", models.PositiveSmallIntegerField()),
                ("near_bp", models.PositiveSmallIntegerField()),
            ],
            options={
                "verbose_name": "cancellation policy",
                "verbose_name_plural": "cancellation policies",
            },
        ),
        migrations.CreateModel(
            name="CancellationQuote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("fault", models.CharField(max_length=10)),
                ("row", models.CharField(max_length=20)),
                ("held", khidma.kernel.money.PaiseField()),
                ("client_refund", khidma.kernel.money.PaiseField()),
                ("doer_gross", khidma.kernel.money.PaiseField()),
                ("kept", khidma.kernel.money.PaiseField(default=0)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("changed_mind", "changed mind"),
                            ("doer_no_show", "the doer did not come"),
                            ("client_no_show", "the client was not there"),
                            ("doer_unreachable", "the doer cannot be reached"),
                            ("wrong_description", "the description was wrong"),
                            ("emergency", "emergency"),
                            ("other", "other"),
                            ("unpaid", "not paid in time"),
                            ("silent", "nothing was handed in"),
                        ],
                        max_length=20,
                    ),
                ),
                ("doer_amount", khidma.kernel.money.PaiseField()),
                ("fee", khidma.kernel.money.PaiseField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "cancellation quote",
                "verbose_name_plural": "cancellation quotes",
            },
        ),
        migrations.CreateModel(
            name="SilenceQuestion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "question about silence",
                "verbose_name_plural": "questions about silence",
            },
        ),
        migrations.AlterField(
            model_name="order",
            name="cancel_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("changed_mind", "changed mind"),
                    ("doer_no_show", "the doer did not come"),
                    ("client_no_show", "the client was not there"),
                    ("doer_unreachable", "the doer cannot be reached"),
                    ("wrong_description", "the description was wrong"),
                    ("emergency", "emergency"),
                    ("other", "other"),
                    ("unpaid", "not paid in time"),
                    ("silent", "nothing was handed in"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status", "in_progress"), ("submitted_at__isnull", True)),
                fields=["due_at"],
                name="orders_silent",
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="cancelled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cancellations",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="order",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="cancellation", to="orders.order"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpolicy",
            constraint=models.UniqueConstraint(
                fields=("free_hours", "begun_bp", "near_hours", "near_bp"), name="orders_policy_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("begun_bp__lte", 10000), ("near_bp__lte", 10000)), name="orders_policy_gives_shares"
            ),
        ),
        migrations.AddField(
            model_name="cancellationquote",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cancellation_quotes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="cancellationquote",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="cancellation_quotes", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="silencequestion",
            name="order",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="silence_question", to="orders.order"
            ),
        ),
        migrations.AddIndex(
            model_name="cancellation",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", True)), fields=["due_at"], name="orders_cancellation_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "held",
                        django.db.models.expressions.CombinedExpression(
                            models.F("client_refund"), "+", models.F("doer_gross")
                        ),
                    ),
                    ("kept__gte", 0),
                    ("kept__lte", models.F("held")),
                ),
                name="orders_cancellation_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("due_at__isnull", False), models.Q(("kept", 0), ("settled_at__isnull", False)), _connector="OR"
                ),
                name="orders_cancellation_settled_or_due",
            ),
        ),
        migrations.AddIndex(
            model_name="cancellationquote",
            index=models.Index(fields=["expires_at"], name="orders_quote_expiry"),
        ),
        migrations.AddConstraint(
            model_name="cancellationquote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "held",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("client_refund"), "+", models.F("doer_amount")
                            ),
                            "+",
                            models.F("fee"),
                        ),
                    )
                ),
                name="orders_quote_adds_up",
            ),
        ),
        migrations.RunSQL(FIRST_POLICY, migrations.RunSQL.noop),
    ]
