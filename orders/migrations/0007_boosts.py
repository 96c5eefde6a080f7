"""Boosts: days for which a gig is shown first."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states


class Migration(migrations.Migration):
    dependencies = [
        ("gigs", "0002_search_and_counts"),
        ("orders", "0006_cancellation_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Boost",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("days", models.PositiveSmallIntegerField()),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("awaiting_payment", "waiting for payment"),
                            ("shown", "paid and shown"),
                            ("returned", "returned"),
                            ("abandoned", "abandoned"),
                        ],
                        default="awaiting_payment",
                        max_length=30,
                    ),
                ),
                ("unpaid_due_at", models.DateTimeField()),
                ("starts_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="boosts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "gig",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="boosts", to="gigs.gig"
                    ),
                ),
            ],
            options={
                "verbose_name": "boost",
                "verbose_name_plural": "boosts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "awaiting_payment")),
                        fields=["unpaid_due_at"],
                        name="orders_boost_unpaid",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "awaiting_payment")),
                        fields=("gig",),
                        name="orders_boost_one_to_pay",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 1), ("days__lte", 31)), name="orders_boost_days"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 1000), ("amount__lte", 1000000000)),
                        name="orders_boost_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["awaiting_payment", "shown", "returned", "abandoned"])),
                        name="orders_boost_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "shown"), _negated=True),
                            models.Q(("ends_at__gt", models.F("starts_at")), ("starts_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="orders_boost_shown_for_a_time",
                    ),
                ],
            },
        ),
    ]
