"""The addresses of gigs, below `/api/`."""

from django.urls import path

from gigs.api.views import applications, gigs, lists

urlpatterns = [
    path("categories", lists.Categories.as_view()),
    path("skills", lists.Skills.as_view()),
    path("zones", lists.Zones.as_view()),
    path("gigs", gigs.Gigs.as_view()),
    path("gigs/my-gigs", gigs.OwnGigs.as_view()),
    path("gigs/saved", gigs.SavedGigs.as_view()),
    path("gigs/<uuid:gig_id>", gigs.GigDetail.as_view()),
    path("gigs/<uuid:gig_id>/close", gigs.CloseGig.as_view()),
    path("gigs/<uuid:gig_id>/reopen", gigs.ReopenGig.as_view()),
    path("gigs/<uuid:gig_id>/cancel", gigs.CancelGig.as_view()),
    path("gigs/<uuid:gig_id>/save", gigs.SaveGig.as_view()),
    path("gigs/<uuid:gig_id>/applications", applications.GigApplications.as_view()),
    path("applications", applications.OwnApplications.as_view()),
    path("applications/<uuid:application_id>", applications.ApplicationDetail.as_view()),
    path("applications/<uuid:application_id>/shortlist", applications.ShortlistApplication.as_view()),
    path("applications/<uuid:application_id>/reject", applications.RejectApplication.as_view()),
    path("applications/<uuid:application_id>/withdraw", applications.WithdrawApplication.as_view()),
    path("applications/<uuid:application_id>/revive", applications.ReviveApplication.as_view()),
]
