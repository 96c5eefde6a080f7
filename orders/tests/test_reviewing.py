"""Tests of reviews: once a side, hidden until both are in, answered once; the rating follows what is shown."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.outbox import deliver_due
from khidma.tests.races import at_once
from notifications.models import Notification
from orders import services, tasks
from orders.errors import AlreadyReplied, AlreadyReviewed, OrderNotCompleted, ReviewTooLate
from orders.models import Order, Review
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_completed_order, make_order, make_submitted_order


def rated(user: User) -> tuple[float, int]:
    user.refresh_from_db()
    return float(user.rating), user.rating_count


def write(order: Order, side: str = "client", rating: int = 5, **over: Any) -> Review:
    author = order.client if side == "client" else order.doer
    return services.write_review(order=order, author=author, rating=rating, **over)


def completed_ago(order: Order, days: float) -> Order:
    """The same order, completed so many days ago."""
    Order.objects.filter(pk=order.pk).update(completed_at=now() - timedelta(days=days))
    order.refresh_from_db()
    return order


@pytest.mark.django_db
def test_the_first_review_waits_for_the_second_and_both_are_shown_together() -> None:
    order = make_completed_order()
    first = write(order, "client", 4, tags=["on time"], comment="Good work.")
    assert (first.is_shown, rated(order.doer)) == (False, (0, 0))
    second = write(order, "doer", 2)
    first.refresh_from_db()
    assert (first.is_shown, second.is_shown) == (True, True)
    assert (rated(order.doer), rated(order.client)) == ((4, 1), (2, 1))
    assert [event["is_first"] for event in announced("ReviewCreated")] == [True, False]
    assert sorted(event["rating"] for event in announced("ReviewShown")) == [2, 4]
    assert "rating" not in announced("ReviewCreated")[0]


@pytest.mark.django_db
def test_a_review_is_shown_alone_after_fourteen_days() -> None:
    order = make_completed_order()
    review = write(order, rating=3)
    assert tasks.show_due_reviews() == 0
    assert timedelta(days=14) - (review.due_at - now()) < timedelta(minutes=1)
    Review.objects.update(due_at=now() - timedelta(seconds=1))
    assert tasks.show_due_reviews() == 1
    assert tasks.show_due_reviews() == 0
    assert rated(order.doer) == (3, 1)
    write(order, "doer", 5)
    assert (rated(order.doer), rated(order.client)) == ((3, 1), (5, 1))


@pytest.mark.django_db
def test_the_rating_is_the_mean_of_what_is_shown() -> None:
    doer = make_doer()
    for rating in (5, 4, 4):
        order = make_completed_order(doer=doer)
        write(order, "client", rating)
        write(order, "doer")
    write(make_completed_order(doer=doer), "client", 1)
    assert rated(doer) == (4.33, 3)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_order, make_submitted_order])
def test_only_a_completed_order_is_reviewed(make: Any) -> None:
    order = make()
    with nothing_changes(), pytest.raises(OrderNotCompleted) as refusal:
        write(order)
    assert refusal.value.details == {"status": order.status}


@pytest.mark.django_db
def test_thirty_days_are_enough() -> None:
    order = completed_ago(make_completed_order(), 30.01)
    with nothing_changes(), pytest.raises(ReviewTooLate):
        write(order)
    assert write(completed_ago(order, 29.99)).rating == 5


@pytest.mark.django_db
def test_each_side_speaks_once() -> None:
    order = make_completed_order()
    write(order)
    with nothing_changes(), pytest.raises(AlreadyReviewed):
        write(order, rating=1)


@pytest.mark.django_db
def test_the_database_holds_the_rules_of_reviews() -> None:
    order = make_completed_order()
    row = {"order": order, "author": order.client, "reviewed": order.doer, "rating": 5, "due_at": now()}
    Review.objects.create(**row)
    for over in (
        {},
        {"author": order.doer, "reviewed": order.doer},
        {"author": order.doer, "rating": 0},
        {"author": order.doer, "rating": 6},
        {"author": order.doer, "reviewed": order.client, "reply": "Thanks."},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.create(**{**row, **over})
    assert Review.objects.count() == 1


@pytest.mark.django_db
def test_the_reviewed_side_replies_once() -> None:
    order = make_completed_order()
    review = write(order)
    write(order, "doer")
    review.refresh_from_db()
    assert services.reply_to_review(review=review, text="Thank you.").reply == "Thank you."
    with nothing_changes(), pytest.raises(AlreadyReplied):
        services.reply_to_review(review=review, text="Once more.")


@pytest.mark.django_db
def test_both_hear_of_reviews_without_what_is_hidden() -> None:
    order = make_completed_order()
    deliver_due()
    Notification.objects.all().delete()
    review = write(order, rating=1, comment="Secret until then.")
    deliver_due()
    told = Notification.objects.get()
    assert (told.user_id, told.kind) == (order.doer_id, "review_received")
    assert "Secret" not in f"{told.title} {told.body} {told.data}"
    write(order, "doer")
    review.refresh_from_db()
    services.reply_to_review(review=review, text="Sorry.")
    deliver_due()
    kinds = Counter(Notification.objects.values_list("user_id", "kind"))
    assert kinds == {
        (order.doer_id, "review_received"): 1,
        (order.doer_id, "review_shown"): 1,
        (order.client_id, "review_shown"): 1,
        (order.client_id, "review_replied"): 1,
    }


ACTORS = ["anonymous", "stranger", "operator", "client", "doer"]


def actor(order: Order, name: str) -> User | None:
    made: dict[str, Any] = {
        "anonymous": lambda: None,
        "stranger": make_client,
        "operator": lambda: make_operator("support"),
        "client": lambda: order.client,
        "doer": lambda: order.doer,
    }
    return made[name]()  # type: ignore[no-any-return]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "status"), list(zip(ACTORS, [401, 404, 404, 201, 201], strict=True)))
def test_who_may_review(api: Any, name: str, status: int) -> None:
    order = make_completed_order()
    body = {"orderId": str(order.pk), "rating": 4, "tags": ["kind"], "comment": "Well done."}
    client = api(actor(order, name))
    if status >= 400:
        with nothing_changes():
            assert client.post("/api/reviews", body).status_code == status
        return
    answer = client.post("/api/reviews", body)
    shown = answer.json()["data"]
    assert (answer.status_code, shown["author"]["id"]) == (201, str(getattr(order, name).pk))
    assert {key: shown[key] for key in ("orderId", "rating", "tags", "comment", "reply")} == {**body, "reply": None}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("is_shown", "statuses"), [(False, [401, 404, 404, 403, 404]), (True, [401, 403, 403, 403, 200])]
)
def test_who_may_reply(api: Any, is_shown: bool, statuses: list[int]) -> None:
    order = make_completed_order()
    review = write(order)
    if is_shown:
        write(order, "doer")
    for name, status in zip(ACTORS, statuses, strict=True):
        answer = api(actor(order, name)).post(f"/api/reviews/{review.pk}/reply", {"text": "Thanks."})
        assert (name, answer.status_code) == (name, status)
    review.refresh_from_db()
    assert review.reply == ("Thanks." if is_shown else "")


@pytest.mark.django_db
def test_reviews_of_a_user_are_public_once_shown(api: Any) -> None:
    doer = make_doer()
    shown = []
    for _ in range(2):
        order = make_completed_order(doer=doer)
        shown.append(write(order))
        write(order, "doer")
    write(make_completed_order(doer=doer))
    answer = api(None).get(f"/api/users/{doer.pk}/reviews").json()
    assert [row["id"] for row in answer["data"]] == [str(review.pk) for review in reversed(shown)]
    assert answer["pagination"]["total"] == 2
    assert api(None).get(f"/api/users/{new_id()}/reviews").status_code == 404


@pytest.mark.django_db
def test_a_longer_list_of_reviews_takes_no_more_queries(api: Any) -> None:
    doer = make_doer()

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert api(None).get(f"/api/users/{doer.pk}/reviews").status_code == 200
        return len(seen)

    counts = []
    for _ in range(2):
        order = make_completed_order(doer=doer)
        write(order)
        write(order, "doer")
        counts.append(queries())
    assert counts[0] == counts[1] <= 6


WRONG: list[dict[str, Any]] = [
    {"rating": 0},
    {"rating": 6},
    {"rating": 4.5},
    {"rating": True},
    {"comment": "x" * 2_001},
    {"tags": ["a", "a"]},
    {"tags": ["x" * 41]},
    {"orderId": "me"},
    {"author": "me"},
]


@pytest.mark.django_db
@pytest.mark.parametrize("over", WRONG)
def test_nonsense_is_refused(api: Any, over: dict[str, Any]) -> None:
    order = make_completed_order()
    with nothing_changes():
        answer = api(order.client).post("/api/reviews", {"orderId": str(order.pk), "rating": 5, **over})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")


@pytest.mark.usefixtures("committed_db")
def test_of_twenty_reviews_at_once_one_counts() -> None:
    order = make_completed_order()
    results = at_once(*[partial(write, order, "client", 1 + number % 5) for number in range(20)])
    assert Counter(type(result) for result in results) == {Review: 1, AlreadyReviewed: 19}
    assert len(announced("ReviewCreated")) == 1


@pytest.mark.usefixtures("committed_db")
def test_both_sides_at_once_are_both_shown() -> None:
    orders = [make_completed_order() for _ in range(5)]
    calls = [partial(write, order, side) for order in orders for side in ("client", "doer")]
    assert {type(result) for result in at_once(*calls)} == {Review}
    assert Review.objects.shown().count() == 10


@pytest.mark.usefixtures("committed_db")
def test_reviews_of_several_orders_at_once_all_count() -> None:
    doer = make_doer()
    orders = [make_completed_order(doer=doer) for _ in range(8)]
    for order in orders:
        write(order, "doer")
    results = at_once(*[partial(write, order, "client", 1 + number % 4) for number, order in enumerate(orders)])
    assert {type(result) for result in results} == {Review}
    assert rated(doer) == (2.5, 8)
    assert Counter(Review.objects.filter(reviewed=doer).values_list("rating", flat=True)) == {1: 2, 2: 2, 3: 2, 4: 2}
