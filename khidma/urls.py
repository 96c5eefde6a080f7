"""Every address of the server, put together from the apps."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from khidma.http.urls import unknown

handler400 = "khidma.http.handler.bad_request"
handler403 = "khidma.http.handler.permission_denied"
handler404 = "khidma.http.handler.not_found"
handler500 = "khidma.http.handler.server_error"

urlpatterns = [
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("khidma.http.urls")),
    path("", include("khidma.delivery.urls")),
    path("api/", include("khidma.media.api.urls")),
    path("api/", include("accounts.api.urls")),
    path("api/", include("gigs.api.urls")),
    path("api/", include("payments.api.urls")),
    path("api/", include("orders.api.urls")),
    path("api/", include("messaging.api.urls")),
    path("api/", include("trust_safety.api.urls")),
    path("api/", include("notifications.api.urls")),
    path("api/", include("operations.api.urls")),
    *unknown,
]
