"""Addresses of khidma.media, below /api/."""

from django.urls import path

from khidma.media.api import views

urlpatterns = [
    path("media", views.Media.as_view()),
    path("media/<uuid:file_id>", views.MediaRecord.as_view()),
    path("media/<uuid:file_id>/content", views.MediaContent.as_view()),
]
