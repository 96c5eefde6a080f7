"""Every address of the server, put together from the apps."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from khidma.http.urls import unknown

APPS = ["accounts", "gigs", "payments", "orders", "messaging", "notifications", "operations"]

handler400 = "khidma.http.handler.bad_request"
handler403 = "khidma.http.handler.permission_denied"
handler404 = "khidma.http.handler.not_found"
handler500 = "khidma.http.handler.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("khidma.delivery.urls")),
    path("", include("khidma.http.urls")),
]
for app in APPS:
    if find_spec(f"{app}.api") and find_spec(f"{app}.api.urls"):
        urlpatterns.append(path("api/", include(f"{app}.api.urls")))
urlpatterns += unknown
