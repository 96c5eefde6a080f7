"""The ASGI application: HTTP to Django, `/ws` to messaging."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

application = get_asgi_application()
