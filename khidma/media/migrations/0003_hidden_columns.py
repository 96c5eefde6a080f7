"""Whoever only reads sees no key of a sealed file."""

from django.db import migrations

from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [("media", "0002_identity_documents")]

    operations = [hide_from_readers("media_file", "sealed_key")]
