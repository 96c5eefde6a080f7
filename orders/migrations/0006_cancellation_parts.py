"""Cancellations over several escrows: what each comes to, and that the result may be contested."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money

PARTS_OF_WHAT_IS_KEPT = """
INSERT INTO orders_cancellationpart
    (id, created_at, cancellation_id, reference, fault, "row", held, client_refund, doer_gross, kept, at_stake)
SELECT uuidv7(), created_at, id, order_id, fault, "row", held, client_refund, doer_gross, kept,
    CASE WHEN doer_gross > 0 THEN doer_gross ELSE kept END
FROM orders_cancellation WHERE settled_at IS NULL;
UPDATE orders_cancellation SET contest_until = due_at WHERE settled_at IS NULL;
"""
"""Cancellations that wait from before: each is of an order with one escrow, under the order's own id."""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_cancellation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CancellationPart",
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
                ("reference", models.UUIDField(editable=False)),
                ("at_stake", khidma.kernel.money.PaiseField()),
            ],
            options={
                "verbose_name": "part of a cancellation",
                "verbose_name_plural": "parts of cancellations",
            },
        ),
        migrations.AddField(
            model_name="cancellation",
            name="contest_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="contested_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="judged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("judged_at__isnull", True),
                    models.Q(("contested_at__isnull", False), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="orders_cancellation_judged_after_contest",
            ),
        ),
        migrations.AddField(
            model_name="cancellationpart",
            name="cancellation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="orders.cancellation"
            ),
        ),
        migrations.AddField(
            model_name="cancellationpart",
            name="quote",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parts",
                to="orders.cancellationquote",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancellation__isnull", False), ("quote__isnull", True)),
                    models.Q(("cancellation__isnull", True), ("quote__isnull", False)),
                    _connector="OR",
                ),
                name="orders_cancellation_part_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpart",
            constraint=models.UniqueConstraint(fields=("quote", "reference"), name="orders_quote_part_once"),
        ),
        migrations.AddConstraint(
            model_name="cancellationpart",
            constraint=models.UniqueConstraint(
                fields=("cancellation", "reference"), name="orders_cancellation_part_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellationpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("at_stake__gte", 0),
                    ("at_stake__lte", models.F("held")),
                    (
                        "held",
                        django.db.models.expressions.CombinedExpression(
                            models.F("client_refund"), "+", models.F("doer_gross")
                        ),
                    ),
                    ("kept__gte", 0),
                    ("kept__lte", models.F("held")),
                ),
                name="orders_cancellation_part_adds_up",
            ),
        ),
        migrations.RunSQL(PARTS_OF_WHAT_IS_KEPT, migrations.RunSQL.noop),
    ]
