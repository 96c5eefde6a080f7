"""Every address of the server, put together from the apps."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

APPS = ["accounts", "gigs", "payments", "orders", "messaging", "notifications", "operations"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("khidma.delivery.urls")),
]
if find_spec("khidma.http.urls"):
    urlpatterns.append(path("", include("khidma.http.urls")))
for app in APPS:
    if find_spec(f"{app}.api") and find_spec(f"{app}.api.urls"):
        urlpatterns.append(path("api/", include(f"{app}.api.urls")))
