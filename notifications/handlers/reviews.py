"""Reviews of orders."""

from khidma.kernel.events import handles
from notifications.handlers.telling import tell
from notifications.sentences import Said
from notifications.sentences import sentence as _
from orders.events import ReviewCreated, ReviewEvent, ReviewReplied, ReviewShown


@handles(ReviewCreated)
def tell_of_hidden_review(event: ReviewCreated) -> None:
    if not event.is_first:
        return
    body = _("You were reviewed for “%(title)s”. Write yours, and both are shown.", title=event.title)
    _tell(event, "review_received", _("You were reviewed"), body)


@handles(ReviewShown)
def tell_of_shown_review(event: ReviewShown) -> None:
    body = _("You got %(rating)d of 5 for “%(title)s”. You may reply once.", rating=event.rating, title=event.title)
    _tell(event, "review_shown", _("A review of you is shown"), body)


@handles(ReviewReplied)
def tell_author_of_reply(event: ReviewReplied) -> None:
    body = _("Your review for “%(title)s” was answered.", title=event.title)
    tell(
        event.author_id,
        "review_replied",
        _("Your review was answered"),
        body,
        f"/orders/{event.order_id}",
        orderId=event.order_id,
        reviewId=event.review_id,
    )


def _tell(event: ReviewEvent, kind: str, title: Said, body: Said) -> None:
    tell(
        event.reviewed_id,
        kind,
        title,
        body,
        f"/orders/{event.order_id}",
        ("email", "push"),
        orderId=event.order_id,
        reviewId=event.review_id,
    )
