"""The addresses of the tiny API, among the real ones of khidma.http."""

from django.urls import path

from khidma.http.tests import views
from khidma.http.urls import unknown
from khidma.http.urls import urlpatterns as shared

handler400 = "khidma.http.handler.bad_request"
handler403 = "khidma.http.handler.permission_denied"
handler404 = "khidma.http.handler.not_found"
handler500 = "khidma.http.handler.server_error"

urlpatterns = [
    *shared,
    path("api/notes", views.Notes.as_view()),
    path("api/notes-by-page", views.NotePage.as_view()),
    path("api/notes/<uuid:note_id>", views.NoteDetail.as_view()),
    path("api/notes/<uuid:note_id>/close", views.NoteClose.as_view()),
    path("api/afterwards", views.AfterwardsView.as_view()),
    path("api/needed-afterwards", views.NeededAfterwards.as_view()),
    path("api/guessing", views.Guessing.as_view()),
    path("api/own-transactions", views.OwnTransactions.as_view()),
    path("api/deadlocked/<int:times>", views.Deadlocked.as_view()),
    path("api/staff", views.StaffOnly.as_view()),
    path("api/doers", views.Doers.as_view()),
    path("api/appeals", views.Appeals.as_view()),
    path("api/auth/login", views.SignIn.as_view()),
    path("api/auth/refresh", views.Refresh.as_view()),
    path("api/webhooks/payment", views.Raw.as_view()),
    path("api/defect", views.Defect.as_view()),
    path("api/database/<str:state>", views.WhatTheDatabaseSays.as_view()),
    path("api/undeclared", views.Undeclared.as_view()),
    *unknown,
]
