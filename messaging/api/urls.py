"""Addresses of messaging, below `/api/`."""

from django.urls import path

from messaging.api import views

urlpatterns = [
    path("conversations", views.Conversations.as_view()),
    path("conversations/by-order/<uuid:order_id>", views.ConversationOfOrder.as_view()),
    path("conversations/by-application/<uuid:application_id>", views.ConversationOfApplication.as_view()),
    path("conversations/<uuid:conversation_id>", views.ConversationDetail.as_view()),
    path("conversations/<uuid:conversation_id>/messages", views.Messages.as_view()),
    path("conversations/<uuid:conversation_id>/read", views.Read.as_view()),
    path("web-chat/poll", views.Poll.as_view()),
    path("web-chat/messages", views.SupportMessages.as_view()),
]
