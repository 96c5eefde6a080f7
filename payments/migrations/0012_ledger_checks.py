"""What came of adding up the whole ledger anew, by the clock."""

import django.contrib.postgres.fields
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0011_sales"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerCheck",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("is_sound", models.BooleanField()),
                (
                    "faults",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("seconds", models.FloatField(help_text="How long it took; a long check is made less often.")),
            ],
            options={
                "indexes": [models.Index(fields=["-created_at"], name="payments_check_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("faults__len", 0), ("is_sound", True)),
                            models.Q(("faults__len__gt", 0), ("is_sound", False)),
                            _connector="OR",
                        ),
                        name="payments_check_says_why",
                    )
                ],
            },
        ),
    ]
