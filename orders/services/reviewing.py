"""Reviews: written once a side, shown together, answered once; the rating of a user follows from what is shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Avg, Count

from accounts import services as accounts
from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import lock
from orders.errors import AlreadyReplied, AlreadyReviewed, OrderNotCompleted, ReviewTooLate
from orders.events import ReviewCreated, ReviewReplied, ReviewShown
from orders.models import Order, Review
from orders.runtime import ReviewSettings
from orders.states import OrderStatus


@transaction.atomic
def write_review(*, order: Order, author: User, rating: int, tags: Sequence[str] = (), comment: str = "") -> Review:
    """Say something of the other side of a completed order; if that side has spoken before, both are now shown.

    :raises OrderNotCompleted: there is nothing to review yet, or never will be.
    :raises ReviewTooLate: it was completed too long ago.
    :raises AlreadyReviewed: this side has spoken.
    """
    order = lock(order)
    rules = ReviewSettings.load()
    _require_reviewable(order, within=timedelta(days=rules.write_within_days))
    others = list(order.reviews.all())
    if any(review.author_id == author.pk for review in others):
        raise AlreadyReviewed
    review = Review.objects.create(
        order=order,
        author=author,
        reviewed_id=order.doer_id if author.pk == order.client_id else order.client_id,
        rating=rating,
        tags=list(tags),
        comment=comment,
        due_at=now() + timedelta(days=rules.show_after_days),
    )
    publish(ReviewCreated(**_facts(review, order), is_first=not others))
    if others:
        _show([review, *others], order)
    return review


def _require_reviewable(order: Order, *, within: timedelta) -> None:
    if order.status != OrderStatus.COMPLETED or order.completed_at is None:
        raise OrderNotCompleted(details={"status": order.status})
    if order.completed_at + within < now():
        raise ReviewTooLate


@transaction.atomic
def show_review(*, review_id: UUID) -> bool:
    """Show a review whose wait for the other side is over. False: another caller holds its order, or has shown it."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk__in=Review.objects.filter(pk=review_id).values("order"))
        .first()
    )
    review = order and order.reviews.due().filter(pk=review_id).first()
    if not order or not review:
        return False
    _show([review], order)
    return True


def _show(reviews: Sequence[Review], order: Order) -> None:
    """Show what is still hidden of these reviews of a locked order."""
    hidden = sorted((review for review in reviews if not review.is_shown), key=lambda review: review.reviewed_id)
    for review in hidden:
        review.shown_at = now()
        review.save(update_fields=["shown_at"])
        _rate(review.reviewed_id)
        publish(ReviewShown(**_facts(review, order), rating=review.rating))


def _rate(user_id: UUID) -> None:
    """Write the user's figures down anew; under the user's lock, so that two orders at once count each other."""
    lock(User, user_id)
    figures = Review.objects.shown().filter(reviewed=user_id).aggregate(mean=Avg("rating"), count=Count("id"))
    accounts.record_rating(user_id=user_id, rating=float(figures["mean"] or 0), rating_count=figures["count"])


@transaction.atomic
def reply_to_review(*, review: Review, text: str) -> Review:
    """The one answer of the reviewed side. :raises AlreadyReplied:"""
    order = lock(review.order)
    review = Review.objects.select_related("author").get(pk=review.pk)
    if review.replied_at is not None:
        raise AlreadyReplied
    review.reply, review.replied_at = text, now()
    review.save(update_fields=["reply", "replied_at"])
    publish(ReviewReplied(**_facts(review, order)))
    return review


def _facts(review: Review, order: Order) -> dict[str, Any]:
    return {
        "review_id": review.pk,
        "order_id": order.pk,
        "gig_id": order.gig_id,
        "title": order.gig.title,
        "author_id": review.author_id,
        "reviewed_id": review.reviewed_id,
        "is_shown": review.is_shown,
        "at": now(),
    }
