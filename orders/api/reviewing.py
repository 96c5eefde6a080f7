"""Reviews over HTTP."""

from typing import Any
from uuid import UUID

from khidma.http.fields import Id, Integer, ListOf, Text
from khidma.http.serializers import Serializer
from khidma.http.views import ApiView, Paged, operation
from orders import selectors, services
from orders.api.permissions import require_reviewed
from orders.api.serializers import ReviewSerializer
from orders.errors import AlreadyReplied, AlreadyReviewed, OrderNotCompleted, ReviewTooLate
from orders.models import Review
from orders.models.reviewing import HIGHEST


class ReviewBody(Serializer):
    order_id = Id()
    rating = Integer(min_value=1, max_value=HIGHEST)
    tags = ListOf(Text(single_line=True, max_length=40), required=False, max_length=10, unique=True)
    comment = Text(required=False, allow_blank=True, max_length=2_000)


class ReplyBody(Serializer):
    text = Text(max_length=2_000)


class Reviews(ApiView):
    @operation(
        access="user",
        body=ReviewBody,
        returns=ReviewSerializer,
        status=201,
        errors=[OrderNotCompleted, ReviewTooLate, AlreadyReviewed],
    )
    def post(self, request: Any) -> Review:
        """Review the other side of a completed order; shown when both sides have, or after 14 days."""
        body = self.body()
        order = selectors.get_order_for(request.user, body.pop("order_id"))
        return services.write_review(order=order, author=request.user, **body)


class ReviewReply(ApiView):
    @operation(access="user", body=ReplyBody, returns=ReviewSerializer, errors=[AlreadyReplied])
    def post(self, request: Any, review_id: UUID) -> Review:
        """Answer a review of oneself, once."""
        review = selectors.get_review_for(request.user, review_id)
        require_reviewed(review, request.user)
        return services.reply_to_review(review=review, **self.body())


class UserReviews(ApiView):
    @operation(access="optional", returns=ReviewSerializer, paging="feed")
    def get(self, request: Any, user_id: UUID) -> Paged:
        """What others say of a user, newest first."""
        return self.feed(selectors.list_reviews_of(user_id), order=("-id",))
