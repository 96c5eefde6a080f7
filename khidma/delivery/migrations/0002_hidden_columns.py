"""Whoever only reads sees no text of a message that a local run kept: codes are in it."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]

    operations = [hide_from_readers("delivery_outboxmessage", "subject", "body")]
