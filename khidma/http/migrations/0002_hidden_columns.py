"""Whoever only reads sees no kept answer, and no hash of a request, from which a short body could be guessed."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("http", "0001_initial"), ("kernel", "0001_initial")]

    operations = [hide_from_readers("http_idempotencyrecord", "answer", "fingerprint")]
