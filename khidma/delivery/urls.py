"""Addresses of the outbox page."""

from django.urls import path

from khidma.delivery import views

urlpatterns = [
    path("dev/outbox", views.outbox_page, name="outbox"),
    path("dev/outbox.json", views.outbox_json),
]
