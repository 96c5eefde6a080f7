"""Addresses of operations."""

from django.urls import path

from operations.api import views

urlpatterns = [
    path("messages", views.Messages.as_view()),
    path("metrics/system", views.SystemMetrics.as_view()),
    path("settings", views.SettingsList.as_view()),
    path("settings/<slug:category>", views.SettingsDetail.as_view()),
]
