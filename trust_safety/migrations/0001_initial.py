"""Contests of cancellations."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.states


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0006_cancellation_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("reason", models.TextField()),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[("open", "open"), ("upheld", "upheld"), ("overturned", "overturned")],
                        default="open",
                        max_length=30,
                    ),
                ),
                ("found", models.CharField(max_length=10)),
                ("decide_by", models.DateTimeField()),
                ("overdue_at", models.DateTimeField(null=True)),
                ("fault", models.CharField(blank=True, max_length=10)),
                ("decision_reason", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "cancellation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contest", to="orders.cancellation"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contests_decided",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "raised_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "contest of a cancellation",
                "verbose_name_plural": "contests of cancellations",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")), fields=["decide_by"], name="trust_contest_due"
                    ),
                    models.Index(fields=["raised_by", "-created_at"], name="trust_contest_of"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "upheld", "overturned"])),
                        name="trust_contest_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("fault", ""),
                                ("status", "open"),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                models.Q(("status", "open"), _negated=True),
                                models.Q(("fault", ""), _negated=True),
                                models.Q(("decision_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="trust_contest_decided_by_somebody",
                    ),
                ],
            },
        ),
    ]
