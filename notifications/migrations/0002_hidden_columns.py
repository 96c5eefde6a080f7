"""Whoever only reads sees no device's token."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [hide_from_readers("notifications_pushtoken", "token")]
