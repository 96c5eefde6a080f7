"""Reviews that somebody may see."""

from uuid import UUID

from django.db.models import Q

from accounts.models import User
from accounts.selectors import get_public_user
from khidma.kernel.errors import NotFound
from orders.models import Review
from orders.models.reviewing import ReviewQuerySet


def list_reviews_of(user_id: UUID) -> ReviewQuerySet:
    """What is shown of what others said of this user, newest first. :raises NotFound: there is no such user."""
    user = get_public_user(user_id)
    return Review.objects.shown().filter(reviewed=user).select_related("author").order_by("-id")


def get_review_for(actor: User, review_id: UUID) -> Review:
    """A review that is shown, or the actor's own. :raises NotFound: there is none that the actor may know of."""
    visible = Q(shown_at__isnull=False) | Q(author=actor)
    review = Review.objects.select_related("author", "order").filter(visible, pk=review_id).first()
    if review is None:
        raise NotFound
    return review
