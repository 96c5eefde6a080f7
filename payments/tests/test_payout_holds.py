"""Withdrawals that wait for operators: over the threshold, or held by hand; two people let them go."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.errors import InvalidTransition
from khidma.kernel.models import AuditRecord
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.kernel.states import history
from khidma.tests.client import JsonClient
from khidma.tests.races import at_once
from orders.tests.evidence import nothing_changes
from payments import services
from payments.errors import PayoutAlreadySent, PayoutNotHeld, SamePerson
from payments.models import Payout, PayoutHold
from payments.runtime import PaymentSettings
from payments.tasks import send_payouts
from payments.tests.factories import balance, make_payout

Api = Callable[..., JsonClient]

REASON = {"reason": "The name looks odd."}


@pytest.fixture
def low_threshold(db: None) -> None:
    change(PaymentSettings, {"payout_hold_above": 20_000})


def held(amount: int = 50_000) -> Payout:
    """A withdrawal that an operator has stopped."""
    payout = make_payout(make_doer(), amount)
    return services.hold_payout(payout=payout, operator=make_operator("finance"), reason="Odd.")


def steps(payout: Payout) -> list[tuple[str, str]]:
    return [(change.to_status, change.actor_role) for change in history(payout)]


def acts(payout: Payout) -> list[str]:
    return list(AuditRecord.objects.filter(target_id=str(payout.pk)).order_by("id").values_list("action", flat=True))


def told(user: User) -> set[str]:
    deliver_due()
    return set(user.notifications.values_list("kind", flat=True))


# Over the threshold


def test_over_the_threshold_it_waits_for_two_who_approve(low_threshold: None) -> None:
    payout = make_payout(make_doer(), 20_001)
    first, second = make_operator("finance"), make_operator("finance")
    assert (payout.status, balance("payout_pending", payout.pk)) == ("held", 20_001)
    send_payouts()
    assert services.approve_payout(payout=payout, operator=first).status == "held"
    with nothing_changes(), pytest.raises(SamePerson):
        services.approve_payout(payout=payout, operator=first)
    assert services.approve_payout(payout=payout, operator=second).status == "queued"
    assert steps(payout) == [("requested", "owner"), ("held", "system"), ("queued", "operator")]
    assert acts(payout) == ["approve_payout", "release_payout"]
    assert "payout_held" in told(payout.user)


def test_at_the_threshold_it_goes_at_once(low_threshold: None) -> None:
    assert make_payout(make_doer(), 20_000).status == "queued"


def test_a_changed_threshold_does_not_loosen_what_is_held(low_threshold: None) -> None:
    payout = make_payout(make_doer(), 20_001)
    change(PaymentSettings, {"payout_hold_above": 1_000_000})
    assert services.approve_payout(payout=payout, operator=make_operator("finance")).status == "held"


# By hand


def test_what_an_operator_holds_another_lets_go(db: None) -> None:
    payout = make_payout(make_doer())
    holder = make_operator("finance")
    services.hold_payout(payout=payout, operator=holder, reason="Odd.")
    with nothing_changes(), pytest.raises(SamePerson):
        services.approve_payout(payout=payout, operator=holder)
    assert services.approve_payout(payout=payout, operator=make_operator("finance")).status == "queued"
    assert acts(payout) == ["hold_payout", "release_payout"]
    with nothing_changes(), pytest.raises(PayoutNotHeld):
        services.approve_payout(payout=payout, operator=make_operator("finance"))


def test_it_may_be_held_again_by_another(db: None) -> None:
    payout = held()
    second, third = make_operator("finance"), make_operator("finance")
    services.approve_payout(payout=payout, operator=second)
    assert services.hold_payout(payout=payout, operator=third, reason="Still odd.").status == "held"
    assert PayoutHold.objects.filter(payout=payout, ended_at=None).get().held_by == third
    assert services.approve_payout(payout=payout, operator=second).status == "queued"


def test_what_was_sent_or_is_held_cannot_be_held(db: None) -> None:
    payout = held()
    second = make_operator("finance")
    with nothing_changes(), pytest.raises(InvalidTransition):
        services.hold_payout(payout=payout, operator=second, reason="Twice.")
    sent = make_payout(make_doer())
    services.withdrawing._begin(sent)
    with nothing_changes(), pytest.raises(PayoutAlreadySent):
        services.hold_payout(payout=sent, operator=make_operator("finance"), reason="Late.")


def test_nobody_approves_money_to_himself(low_threshold: None) -> None:
    payout = make_payout(make_doer(), 30_000)
    with nothing_changes(), pytest.raises(SamePerson):
        services.approve_payout(payout=payout, operator=payout.user)


@pytest.mark.parametrize("role", ["owner", "operator"])
def test_a_held_withdrawal_can_be_called_back(db: None, role: str) -> None:
    payout = held(50_000)
    if role == "owner":
        payout = services.cancel_payout(payout=payout, user=payout.user)
    else:
        payout = services.cancel_payout_for(payout=payout, operator=make_operator("finance"), reason="Fraud.")
    assert payout.status == "cancelled"
    assert (balance("wallet", payout.user_id), balance("payout_pending", payout.pk)) == (50_000, 0)
    assert PayoutHold.objects.get().ended_at is not None
    assert "payout_cancelled" in told(payout.user)
    with nothing_changes(), pytest.raises(PayoutNotHeld):
        services.approve_payout(payout=payout, operator=make_operator("finance"))


def test_the_database_wants_two_people(low_threshold: None) -> None:
    make_payout(make_doer(), 30_000)
    make_payout(make_doer(), 20_000)
    holder = make_operator("finance")
    services.hold_payout(payout=Payout.objects.get(amount=20_000), operator=holder, reason="Odd.")
    by_system, by_hand = PayoutHold.objects.order_by("id")
    forbidden: list[tuple[PayoutHold, dict[str, Any]]] = [
        (by_system, {"released_by": holder}),
        (by_system, {"approved_by": holder, "released_by": holder}),
        (by_hand, {"released_by": holder}),
    ]
    for hold, values in forbidden:
        with pytest.raises(IntegrityError), transaction.atomic():
            PayoutHold.objects.filter(pk=hold.pk).update(**values, ended_at=hold.created_at)
    assert not PayoutHold.objects.exclude(released_by=None).exists()


def test_ten_approvals_at_once_are_two_people_and_one_release(committed_db: None) -> None:
    with transaction.atomic():
        change(PaymentSettings, {"payout_hold_above": 20_000})
    payout = make_payout(make_doer(), 30_000)
    first, second = make_operator("finance"), make_operator("finance")
    answers = at_once(
        *[lambda: services.approve_payout(payout=payout, operator=first)] * 5,
        *[lambda: services.approve_payout(payout=payout, operator=second)] * 5,
    )
    assert sorted(answer.status for answer in answers if isinstance(answer, Payout)) == ["held", "queued"], answers
    refused = [answer for answer in answers if not isinstance(answer, Payout)]
    assert all(isinstance(answer, SamePerson | PayoutNotHeld) for answer in refused), answers
    hold = PayoutHold.objects.get()
    assert {hold.approved_by, hold.released_by} == {first, second}
    assert steps(payout).count(("queued", "operator")) == 1


# Over HTTP


@pytest.mark.parametrize(
    ("actor", "status"),
    [("anonymous", 401), ("owner", 403), ("support", 403), ("trust", 403), ("finance", 200), ("administrator", 200)],
)
def test_who_may_hold_and_release(db: None, api: Api, actor: str, status: int) -> None:
    payout = make_payout(make_doer())
    people = {"anonymous": None, "owner": payout.user}
    caller = api(people[actor] if actor in people else make_operator(actor))
    path = f"/api/admin/payouts/{payout.pk}"
    if status == 200:
        assert caller.get("/api/admin/payouts").json()["data"][0]["id"] == str(payout.pk)
        shown = caller.post(f"{path}/hold", REASON).json()["data"]
        assert (shown["status"], shown["hold"]["reason"]) == ("held", REASON["reason"])
        answer = caller.post(f"{path}/approve")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "second_person_required")
        assert api(make_operator("finance")).post(f"{path}/approve").json()["data"]["status"] == "queued"
    else:
        with nothing_changes():
            answers = [
                caller.get("/api/admin/payouts"),
                caller.post(f"{path}/hold", REASON),
                caller.post(f"{path}/approve"),
            ]
        assert [answer.status_code for answer in answers] == [status] * 3


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": 5}, {"reason": "odd", "amount": 1}, [], {"reason": None}]
)
def test_a_hold_needs_a_reason(db: None, api: Api, body: Any) -> None:
    payout = make_payout(make_doer())
    with nothing_changes():
        answer = api(make_operator("finance")).post(f"/api/admin/payouts/{payout.pk}/hold", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")


def test_the_queue_is_filtered_and_takes_the_same_queries_for_many(low_threshold: None, api: Api) -> None:
    finance, counts = make_operator("finance"), []
    for number in (1, 5):
        for _ in range(number):
            make_payout(make_doer(), 30_000)
        small = make_payout(make_doer(), 10_000)
        caller = api(finance)
        with CaptureQueriesContext(connection) as queries:
            waiting = caller.get("/api/admin/payouts", {"status": "held"}).json()["data"]
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert [row["status"] for row in waiting] == ["held"] * 6
    assert (waiting[0]["hold"]["heldBy"], waiting[0]["hold"]["approvedBy"]) == (None, None)

    def shown(**query: Any) -> list[str]:
        return [row["id"] for row in caller.get("/api/admin/payouts", query).json()["data"]]

    assert shown(userId=str(small.user_id)) == [str(small.pk)]
    assert len(shown(amountMin=30_000)) == 6
    assert caller.get("/api/admin/payouts", {"status": "stolen"}).status_code == 400


def test_the_admins_buttons_do_the_same(low_threshold: None, client: Any) -> None:
    first, second = make_operator("finance"), make_operator("finance")
    payout = make_payout(make_doer(), 30_000)

    def press(operator: User, action: str) -> str:
        client.force_login(operator)
        answer = client.post(
            "/admin/payments/payout/", {"action": action, "_selected_action": [str(payout.pk)], "index": 0}
        )
        assert answer.status_code == 302
        payout.refresh_from_db()
        return payout.status

    assert [press(first, "approve"), press(first, "approve"), press(second, "approve")] == ["held", "held", "queued"]
    assert [press(second, "hold"), press(second, "approve"), press(first, "cancel")] == ["held", "held", "cancelled"]
    assert acts(payout) == ["approve_payout", "release_payout", "hold_payout", "cancel_payout"]
