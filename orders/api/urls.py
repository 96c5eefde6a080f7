"""Addresses of orders."""

from django.urls import path

from orders.api import boosting, cancelling, invoicing, operating, reviewing, views

urlpatterns = [
    path("doers/me/earnings", views.DoerEarnings.as_view()),
    path("applications/<uuid:application_id>/accept", views.ApplicationAccept.as_view()),
    path("gigs/<uuid:gig_id>/boost", boosting.GigBoost.as_view()),
    path("orders", views.OrderList.as_view()),
    path("orders/<uuid:order_id>", views.OrderDetail.as_view()),
    path("orders/<uuid:order_id>/invoice", invoicing.OrderInvoice.as_view()),
    path("orders/<uuid:order_id>/timeline", views.OrderTimeline.as_view()),
    path("orders/<uuid:order_id>/start", views.OrderStart.as_view()),
    path("orders/<uuid:order_id>/submit", views.OrderSubmit.as_view()),
    path("orders/<uuid:order_id>/request-revision", views.OrderRequestRevision.as_view()),
    path("orders/<uuid:order_id>/approve", views.OrderApprove.as_view()),
    path("orders/<uuid:order_id>/cancel", cancelling.OrderCancel.as_view()),
    path("orders/<uuid:order_id>/cancellation-quote", cancelling.OrderCancellationQuote.as_view()),
    path("orders/<uuid:order_id>/milestones/<uuid:milestone_id>/submit", views.MilestoneSubmit.as_view()),
    path(
        "orders/<uuid:order_id>/milestones/<uuid:milestone_id>/request-revision",
        views.MilestoneRequestRevision.as_view(),
    ),
    path("orders/<uuid:order_id>/milestones/<uuid:milestone_id>/approve", views.MilestoneApprove.as_view()),
    path("admin/orders", operating.AllOrders.as_view()),
    path("admin/orders/<uuid:order_id>/refund", operating.OrderRefund.as_view()),
    path("reviews", reviewing.Reviews.as_view()),
    path("reviews/<uuid:review_id>/reply", reviewing.ReviewReply.as_view()),
    path("users/<uuid:user_id>/reviews", reviewing.UserReviews.as_view()),
    path("payments/create-order", views.CreateOrder.as_view()),
    path("payments/verify", views.VerifyPayment.as_view()),
]
