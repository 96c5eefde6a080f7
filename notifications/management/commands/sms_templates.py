"""`manage.py sms_templates`: every text to register before it may be sent in India, by its name in MSG91_TEMPLATES."""

import re
from typing import Any

from django.core.management.base import BaseCommand

from notifications.models import Language
from notifications.sms_texts import ALL_TEXTS, text_of

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


class Command(BaseCommand):
    help = "Print the texts of SMS: name, the text as the registry writes it, and as MSG91 does."

    def handle(self, *args: Any, **options: Any) -> None:
        for kind in sorted(ALL_TEXTS):
            for language in Language.values:
                text = text_of(kind, language)
                self.stdout.write(f"{kind}.{language}")
                self.stdout.write(f"  {PLACEHOLDER.sub('{#var#}', text)}")
                self.stdout.write(f"  {PLACEHOLDER.sub(lambda found: f'##{found[1]}##', text)}")
