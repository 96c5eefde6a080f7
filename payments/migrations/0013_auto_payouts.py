import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0012_ledger_checks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AutoPayout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("enabled", models.BooleanField()),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ]
                    ),
                ),
                ("minimum", khidma.kernel.money.PaiseField()),
                ("next_at", models.DateTimeField(null=True)),
                ("week", models.DateField(null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="auto_payout",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("enabled", True)), fields=["next_at"], name="payments_auto_payout_next"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("minimum__gte", 1), ("minimum__lte", 1000000000)),
                        name="payments_auto_payout_minimum",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekday__gte", 1), ("weekday__lte", 7)),
                        name="payments_auto_payout_weekday",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("enabled", True), ("next_at__isnull", False), ("week__isnull", False)),
                            models.Q(("enabled", False), ("next_at__isnull", True), ("week__isnull", True)),
                            _connector="OR",
                        ),
                        name="payments_auto_payout_planned",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoPayoutRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("week", models.DateField()),
                (
                    "payout",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="auto_run", to="payments.payout"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="auto_payout_runs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "week"), name="payments_auto_payout_once_a_week")
                ],
            },
        ),
    ]
