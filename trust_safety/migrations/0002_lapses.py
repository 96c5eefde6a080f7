"""What speaks against users, found without a report."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("trust_safety", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Lapse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("contact_details", "contact details before the payment")], max_length=20
                    ),
                ),
                ("message_id", models.UUIDField(unique=True)),
                ("points", models.PositiveSmallIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lapses", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "lapse",
                "verbose_name_plural": "lapses",
                "indexes": [models.Index(fields=["user", "-created_at"], name="trust_lapses_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["contact_details"])), name="trust_lapse_is_known"
                    )
                ],
            },
        ),
    ]
