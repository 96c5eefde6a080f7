"""Addresses of trust and safety."""

from django.urls import path

from trust_safety.api import views

urlpatterns = [
    path("orders/<uuid:order_id>/cancellation/contest", views.CancellationContest.as_view()),
    path("admin/cancellations/<uuid:cancellation_id>/resolve", views.CancellationResolve.as_view()),
]
