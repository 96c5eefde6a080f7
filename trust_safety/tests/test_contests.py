"""Contests of cancellations: who may, until when, what stops meanwhile, and what a decision pays, once."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import DoerProfile, User
from accounts.tests.factories import make_client, make_operator
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.models import AuditRecord, OutboxEvent
from khidma.kernel.outbox import deliver_due
from khidma.kernel.states import history
from khidma.media.tests.factories import make_file
from notifications.models import Notification
from orders import tasks as clocks
from orders.models import Cancellation, Order
from orders.services import cancel_order
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_completed_order, make_funded_order, make_milestone_order
from orders.tests.test_cancelling import contest_is_over, held, make_begun_order, promised
from orders.tests.test_milestone_cancelling import begun
from payments.models import Transfer
from payments.tests.factories import balance
from trust_safety import services, tasks
from trust_safety.errors import ContestOfOneself
from trust_safety.models import Contest

pytestmark = pytest.mark.django_db

BODY = {"reason": "I was there all day and answered every message."}
RULING = {"fault": "client", "reason": "The messages show that the doer answered."}
SHARE = 66_150
"""What a quarter of ₹3 000 leaves the doer after 10 % commission and 18 % GST on it."""


def blamed_doer() -> Order:
    """An order of ₹3 000 that its client cancelled by blaming the doer: ₹750 are kept."""
    order = make_begun_order(amount=300_000)
    cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    return order


def blamed_client() -> Order:
    """The other way round."""
    order = make_begun_order(amount=300_000)
    cancel_order(order=order, actor=order.doer, reason="wrong_description")
    return order


def path(order: Order) -> str:
    return f"/api/orders/{order.pk}/cancellation/contest"


def resolve(order: Order) -> str:
    return f"/api/admin/cancellations/{order.cancellation.pk}/resolve"


def contested(order: Order) -> Contest:
    party = order.doer if order.cancellation.fault in {"doer", "none"} else order.client
    return services.contest_cancellation(order=order, party=party, reason="No.")


def decide(order: Order, fault: str, operator: User | None = None) -> Contest:
    operator = operator or make_operator("trust")
    return services.decide_contest(
        cancellation=order.cancellation, operator=operator, fault=fault, reason="We have looked at it."
    )


def people(order: Order) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "stranger": make_client(),
        "operator": make_operator("trust"),
        "client": order.client,
        "doer": order.doer,
    }


# Who may contest, and when


@pytest.mark.parametrize(
    ("make", "statuses"),
    [
        (blamed_doer, {"anonymous": 401, "stranger": 404, "operator": 404, "client": 403, "doer": 201}),
        (blamed_client, {"anonymous": 401, "stranger": 404, "operator": 404, "client": 201, "doer": 403}),
        (make_funded_order, {"anonymous": 401, "stranger": 404, "operator": 404, "client": 409, "doer": 409}),
        (make_completed_order, {"anonymous": 401, "stranger": 404, "operator": 404, "client": 409, "doer": 409}),
    ],
)
@pytest.mark.parametrize("actor", ["anonymous", "stranger", "operator", "client", "doer"])
def test_who_may_contest(api: Any, make: Any, statuses: dict[str, int], actor: str) -> None:
    order = make()
    client = api(people(order)[actor])
    if statuses[actor] == 201:
        answer = client.post(path(order), BODY)
        assert answer.json()["data"]["orderId"] == str(order.pk)
        assert Contest.objects.count() == 1
    else:
        with nothing_changes():
            answer = client.post(path(order), BODY)
        assert not Contest.objects.exists()
    assert answer.status_code == statuses[actor]


def test_a_contest_over_http(api: Any) -> None:
    order = blamed_doer()
    shown = api(order.doer).post(path(order), BODY).json()["data"]
    assert (shown["status"], shown["found"], shown["fault"], shown["reason"]) == ("open", "doer", None, BODY["reason"])
    assert shown["cancellationId"] == str(order.cancellation.pk)
    with nothing_changes():
        again = api(order.doer).post(path(order), BODY)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "cancellation_not_contestable")


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": 7}, {**BODY, "attachments": [str(new_id())]}, {**BODY, "why": "?"}]
)
def test_a_bad_body_is_refused(api: Any, body: dict[str, Any]) -> None:
    order = blamed_doer()
    with nothing_changes():
        assert api(order.doer).post(path(order), body).status_code == 400


def test_what_a_contest_is_backed_with_is_for_the_order_and_operators_of_trust(api: Any) -> None:
    order = blamed_doer()
    file = make_file(order.doer, "image")
    shown = api(order.doer).post(path(order), {**BODY, "attachments": [str(file.pk)]}).json()["data"]
    assert [one["id"] for one in shown["attachments"]] == [str(file.pk)]
    for user, status in [
        (order.client, 200), (make_operator("trust"), 200), (make_operator("finance"), 404), (make_client(), 404)
    ]:  # fmt: skip
        assert api(user).get(f"/api/media/{file.pk}").status_code == status


def test_it_is_too_late_after_two_days(api: Any) -> None:
    order = blamed_doer()
    Cancellation.objects.filter(order=order).update(contest_until=now())
    with nothing_changes():
        answer = api(order.doer).post(path(order), BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "contest_period_over")


def test_one_who_blames_himself_contests_nothing(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    cancel_order(order=order, actor=order.client, reason="changed_mind")
    for party in (order.client, order.doer):
        with nothing_changes():
            answer = api(party).post(path(order), BODY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cancellation_not_contestable")


def test_a_doer_contests_a_reason_that_blames_nobody_and_costs_him_a_part() -> None:
    order = make_begun_order(amount=300_000)
    cancel_order(order=order, actor=order.client, reason="emergency")
    contested(order)
    decide(order, "client")
    assert (held(order), balance("wallet", order.doer_id)) == (0, SHARE)


# What it stops, and what a decision pays


def test_the_clock_pays_nothing_while_it_is_contested() -> None:
    order = blamed_doer()
    contested(order)
    contest_is_over(order)
    with nothing_changes():
        assert clocks.settle_cancellations() == 0
    assert held(order) == 75_000


@pytest.mark.parametrize(
    ("fault", "status", "refund", "wallet"),
    [
        ("client", "overturned", 225_000, SHARE),
        ("doer", "upheld", 300_000, 0),
        ("shared", "overturned", 300_000, 0),
        ("none", "overturned", 300_000, 0),
    ],
)
def test_a_decision_pays_what_was_kept(fault: str, status: str, refund: int, wallet: int) -> None:
    order = blamed_doer()
    contested(order)
    contest = decide(order, fault)
    assert (contest.status, contest.fault) == (status, fault)
    assert (promised(order), held(order), balance("wallet", order.doer_id)) == (refund, 0, wallet)
    cancellation = Cancellation.objects.get(order=order)
    assert (cancellation.fault, cancellation.client_refund) == (fault, refund)
    assert cancellation.client_refund + cancellation.doer_gross == 300_000
    assert cancellation.settled_at is not None
    assert [row.action for row in history(contest)] == ["open", {"upheld": "uphold"}.get(status, "overturn")]
    assert AuditRecord.objects.filter(action="judge_cancellation", reason="We have looked at it.").count() == 1
    assert len(announced("CancellationSettled")) == len(announced("CancellationJudged")) == 1
    contest_is_over(order)
    with nothing_changes():
        assert clocks.settle_cancellations() == 0


def test_a_client_who_was_blamed_wins() -> None:
    order = blamed_client()
    assert (promised(order), held(order)) == (225_000, 75_000)
    contested(order)
    decide(order, "doer")
    assert (promised(order), held(order), balance("wallet", order.doer_id)) == (300_000, 0, 0)


def test_over_milestones_every_kept_part_follows_the_decision() -> None:
    order = begun(make_milestone_order(funded=True))
    cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    contested(order)
    decide(order, "client")
    assert balance("wallet", order.doer_id) == SHARE
    assert Transfer.objects.filter(kind="settle").count() == 3


def test_a_decision_about_fault_alone_moves_no_money() -> None:
    order = make_funded_order()
    cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    assert order.cancellation.kept == 0
    contested(order)
    before = Transfer.objects.count()
    decide(order, "client")
    assert Transfer.objects.count() == before
    assert Cancellation.objects.get(order=order).fault == "client"


# Who may decide


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        ("anonymous", 401), ("client", 403), ("doer", 403), ("support", 403), ("finance", 403), ("trust", 200),
        ("administrator", 200),
    ],
)  # fmt: skip
def test_who_may_decide(api: Any, actor: str, status: int) -> None:
    order = blamed_doer()
    contested(order)
    person = {"anonymous": None, "client": order.client, "doer": order.doer}.get(actor) if actor in {
        "anonymous", "client", "doer"
    } else make_operator(actor)  # fmt: skip
    client = api(person)
    if status == 200:
        shown = client.post(resolve(order), RULING).json()["data"]
        assert (shown["status"], shown["fault"], shown["decisionReason"]) == ("overturned", "client", RULING["reason"])
        with nothing_changes():
            again = client.post(resolve(order), RULING)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "contest_already_decided")
    else:
        with nothing_changes():
            assert client.post(resolve(order), RULING).status_code == status


def test_what_nobody_contests_is_not_decided(api: Any) -> None:
    order, client = blamed_doer(), api(make_operator("trust"))
    with nothing_changes():
        answer = client.post(resolve(order), RULING)
        missing = client.post(f"/api/admin/cancellations/{new_id()}/resolve", RULING)
        bad = client.post(resolve(order), {"fault": "rain", "reason": "?"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "contest_already_decided")
    assert (missing.status_code, bad.status_code) == (404, 400)


def test_an_operator_decides_nothing_of_his_own() -> None:
    order = blamed_doer()
    contested(order)
    for party in (order.client, order.doer):
        with nothing_changes(), pytest.raises(ContestOfOneself):
            decide(order, "client", operator=party)


# What waits too long, and who hears of it


def test_a_contest_that_nobody_decides_is_told_once() -> None:
    order = blamed_doer()
    contest = contested(order)
    assert contest.decide_by - now() == pytest.approx(timedelta(days=5), abs=timedelta(minutes=1))
    with nothing_changes():
        assert tasks.note_overdue_contests() == 0
    Contest.objects.filter(pk=contest.pk).update(decide_by=now() - timedelta(minutes=1))
    assert tasks.note_overdue_contests() == 1
    assert OutboxEvent.objects.filter(name="trust_safety.ContestOverdue").count() == 1
    with nothing_changes():
        assert tasks.note_overdue_contests() == 0
    decide(order, "doer")


def test_operators_of_trust_hear_once_of_a_contest_that_nobody_decides() -> None:
    people = {name: make_operator(name) for name in ("trust", "support", "finance")}
    left = make_operator("trust")
    User.objects.filter(pk=left.pk).update(is_active=False)
    order = blamed_doer()
    contest = contested(order)
    Contest.objects.filter(pk=contest.pk).update(decide_by=now() - timedelta(minutes=1))
    for _ in range(2):
        tasks.note_overdue_contests()
        deliver_due()
    told = Notification.objects.filter(kind="contest_overdue")
    assert [one.user for one in told] == [people["trust"]]
    assert order.gig.title in told.get().body


def test_both_sides_hear_of_the_contest_and_of_the_decision() -> None:
    order = blamed_doer()
    contested(order)
    decide(order, "client")
    deliver_due()
    for user in (order.client, order.doer):
        kinds = list(Notification.objects.filter(user=user).values_list("kind", flat=True))
        assert (kinds.count("contest_opened"), kinds.count("contest_decided")) == (1, 1)


# The completion rate


def rate(doer: User) -> float | None:
    deliver_due()
    return DoerProfile.objects.get(user=doer).completion_rate


def test_a_fault_weighs_on_the_doer_once_and_is_taken_back_when_overturned() -> None:
    order = make_completed_order()
    assert DoerProfile.objects.get(user=order.doer).completion_rate is None
    assert rate(order.doer) == 1
    failed = make_begun_order(amount=300_000, doer=order.doer)
    cancel_order(order=failed, actor=failed.client, reason="doer_unreachable")
    assert rate(order.doer) == rate(order.doer) == 0.5
    contested(failed)
    assert rate(order.doer) == 0.5
    decide(failed, "client")
    assert rate(order.doer) == 1


@pytest.mark.parametrize(("actor", "expected"), [("client", None), ("doer", 0.0)])
def test_it_weighs_on_the_side_at_fault_only(actor: str, expected: float | None) -> None:
    order = make_funded_order()
    cancel_order(order=order, actor=getattr(order, actor), reason="other")
    assert rate(order.doer) == expected
