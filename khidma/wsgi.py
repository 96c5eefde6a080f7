"""The WSGI application: REST and the admin, for a server of processes and threads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

from khidma.http.servers import wsgi_application

application = wsgi_application()
