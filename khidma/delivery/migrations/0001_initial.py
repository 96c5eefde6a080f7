"""The outbox of a local run."""

from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OutboxMessage",
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
                ("to", models.CharField(max_length=320)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("body", models.TextField()),
                ("key", models.CharField(max_length=200, unique=True)),
            ],
            options={
                "verbose_name": "outbox message",
                "indexes": [models.Index(fields=["to", "id"], name="delivery_outbox_to")],
            },
        ),
    ]
