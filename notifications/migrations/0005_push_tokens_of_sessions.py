"""A push token ends with the session that registered it; the reading role sees which one that was."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_identity_documents"),
        ("notifications", "0004_sendings"),
    ]

    operations = [
        migrations.AddField(
            model_name="pushtoken",
            name="session",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="push_tokens",
                to="accounts.session",
            ),
        ),
        migrations.RunSQL(
            "GRANT SELECT (session_id) ON notifications_pushtoken TO khidma_readonly", migrations.RunSQL.noop
        ),
    ]
