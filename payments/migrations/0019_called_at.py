"""When an attempt was last called: what was asked a short while ago may not be listed yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_posting_in_fewer_statements"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewayattempt",
            name="called_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            "UPDATE payments_gatewayattempt SET called_at = created_at WHERE calls > 0", migrations.RunSQL.noop
        ),
    ]
