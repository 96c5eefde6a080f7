"""Addresses of accounts, below /api/."""

from django.urls import path

from accounts.api import views

urlpatterns = [
    path("auth/send-otp", views.SendCode.as_view()),
    path("auth/verify-otp", views.VerifyCode.as_view()),
    path("auth/login", views.LogIn.as_view()),
    path("auth/refresh", views.Refresh.as_view()),
    path("auth/logout", views.LogOut.as_view()),
    path("auth/profile", views.Profile.as_view()),
    path("auth/sessions", views.Sessions.as_view()),
    path("auth/sessions/<uuid:session_id>", views.SessionDetail.as_view()),
    path("auth/send-email-code", views.SendEmailCode.as_view()),
    path("auth/verify-email", views.VerifyEmail.as_view()),
    path("users/me", views.Me.as_view()),
    path("users/me/id-document", views.IdDocument.as_view()),
    path("users/me/phone", views.Phone.as_view()),
    path("users/me/phone/verify", views.PhoneCodes.as_view()),
    path("users/me/blocks", views.BlockedUsers.as_view()),
    path("users/<uuid:user_id>", views.PublicProfile.as_view()),
    path("users/<uuid:user_id>/block", views.UserBlock.as_view()),
]
