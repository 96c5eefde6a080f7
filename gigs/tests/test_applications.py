"""Bids: what they must hold, what becomes of them, and what the order does to the gig."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import make_client, make_doer
from gigs import services
from gigs.errors import (
    AlreadyApplied,
    ApplicationAlreadyDecided,
    ApplicationNotPending,
    ApplicationNotRejected,
    GigNotOpen,
    OwnGig,
)
from gigs.models import Application, Gig
from gigs.services.terms import MilestoneTerms
from gigs.tests.factories import make_application, make_gig, make_overdue_gig
from khidma.kernel.errors import Forbidden, Invalid, InvalidTransition
from khidma.kernel.models import OutboxEvent
from khidma.kernel.states import history

pytestmark = pytest.mark.django_db

LETTER = "I have done this kind of work for years."


def step(amount: int) -> MilestoneTerms:
    return {"title": "Part", "amount": amount, "due_at": datetime(2030, 1, 1, tzinfo=UTC)}


def test_applying_writes_the_bid_its_first_step_and_the_news() -> None:
    application = make_application()
    gig = application.gig
    gig.refresh_from_db()
    assert (application.status, gig.applications_count) == ("pending", 1)
    assert [entry.action for entry in history(application)] == ["apply"]
    event = OutboxEvent.objects.get(name="gigs.ApplicationSubmitted")
    assert event.payload["client_id"] == str(gig.client_id)
    assert event.payload["conversation_id"] == str(application.conversation_id)


@pytest.mark.parametrize(
    ("budget_type", "bid", "field"),
    [
        ("fixed", {"proposed_amount": 999}, "proposedAmount"),
        ("fixed", {"proposed_amount": 5_000, "agreed_hours": 3}, "agreedHours"),
        ("fixed", {"proposed_amount": 5_000, "milestones": [step(5_000)]}, "milestones"),
        ("hourly", {"proposed_amount": 5_000}, "agreedHours"),
        ("hourly", {"proposed_amount": 100, "agreed_hours": 9}, "proposedAmount"),
        ("hourly", {"proposed_amount": 900_000_000, "agreed_hours": 2}, "proposedAmount"),
        ("milestone", {"proposed_amount": 5_000}, "milestones"),
        ("milestone", {"proposed_amount": 5_000, "milestones": [step(2_000), step(2_999)]}, "milestones"),
        ("fixed", {"proposed_amount": 5_000, "attachments": ["0198c0de-0000-7000-8000-000000000000"]}, "attachments"),
    ],
)
def test_a_bid_that_does_not_fit_the_gig_is_refused(budget_type: str, bid: dict[str, Any], field: str) -> None:
    gig, doer = make_gig(budget_type=budget_type), make_doer()
    with pytest.raises(Invalid) as refusal:
        services.apply_to_gig(gig=gig, doer=doer, cover_letter=LETTER, **bid)
    assert list(refusal.value.details) == [field]
    assert not Application.objects.exists()


def test_the_steps_of_a_milestone_bid_are_kept_in_order() -> None:
    application = make_application(make_gig(budget_type="milestone", budget_min=10_001))
    steps = application.milestones.order_by("position").values_list("title", "amount")
    assert list(steps) == [("Sketch", 5_000), ("Final", 5_001)]


def test_nobody_applies_to_an_own_gig() -> None:
    both = make_doer(roles=["client", "doer"])
    with pytest.raises(OwnGig):
        make_application(make_gig(both), both)
    assert not Application.objects.exists()


def test_nobody_applies_twice() -> None:
    application = make_application()
    with pytest.raises(AlreadyApplied):
        make_application(application.gig, application.doer)
    assert Application.objects.count() == 1


def test_after_withdrawing_one_may_apply_again() -> None:
    application = make_application()
    services.withdraw_application(application=application, doer=application.doer)
    make_application(application.gig, application.doer)
    gig = Gig.objects.get(pk=application.gig_id)
    assert gig.applications_count == 1


def test_only_an_open_gig_takes_applications() -> None:
    gig, doer = make_gig(), make_doer()
    services.close_gig(gig=gig, client=gig.client)
    for closed in (gig, make_gig(status="draft"), make_overdue_gig()):
        with pytest.raises(GigNotOpen):
            make_application(closed, doer)
    assert not Application.objects.exists()


def test_a_pending_bid_may_change_and_a_shortlisted_one_not() -> None:
    application = make_application()
    services.change_application(application=application, doer=application.doer, proposed_amount=300_000)
    application.refresh_from_db()
    assert application.proposed_amount == 300_000
    services.shortlist_application(application=application, client=application.gig.client)
    with pytest.raises(ApplicationNotPending):
        services.change_application(application=application, doer=application.doer, proposed_amount=400_000)
    application.refresh_from_db()
    assert application.proposed_amount == 300_000


def test_changing_the_amount_of_a_milestone_bid_needs_steps_that_add_up() -> None:
    application = make_application(make_gig(budget_type="milestone"))
    with pytest.raises(Invalid):
        services.change_application(application=application, doer=application.doer, proposed_amount=300_000)
    changed = services.change_application(
        application=application, doer=application.doer, proposed_amount=300_000, milestones=[step(300_000)]
    )
    assert list(changed.milestones.values_list("amount", flat=True)) == [300_000]


def test_on_and_off_the_shortlist() -> None:
    application = make_application()
    client = application.gig.client
    services.shortlist_application(application=application, client=client)
    with pytest.raises(InvalidTransition):
        services.shortlist_application(application=application, client=client)
    services.unshortlist_application(application=application, client=client)
    application.refresh_from_db()
    assert application.status == "pending"


@pytest.mark.parametrize("end", ["reject", "withdraw", "award"])
def test_a_decided_bid_is_decided(end: str) -> None:
    application = make_application()
    client, doer = application.gig.client, application.doer
    if end == "reject":
        services.reject_application(application=application, client=client, reason="Too late for us")
    elif end == "withdraw":
        services.withdraw_application(application=application, doer=doer)
    else:
        services.award(application=application, client=client)
    application.refresh_from_db()
    before = application.status
    attempts: list[Callable[[], Any]] = [
        lambda: services.reject_application(application=application, client=client),
        lambda: services.withdraw_application(application=application, doer=doer),
        lambda: services.shortlist_application(application=application, client=client),
        lambda: services.unshortlist_application(application=application, client=client),
        lambda: services.award(application=application, client=client),
        lambda: services.change_application(application=application, doer=doer, cover_letter=LETTER),
    ]
    for again in attempts:
        with pytest.raises(ApplicationAlreadyDecided):
            again()
    application.refresh_from_db()
    assert (application.status, history(application).count()) == (before, 2)


def test_a_rejected_bid_is_revived_while_its_gig_is_open() -> None:
    application = make_application()
    services.reject_application(application=application, client=application.gig.client)
    services.revive_application(application=application, doer=application.doer)
    application.refresh_from_db()
    assert (application.status, application.decided_at) == ("pending", None)


def test_reviving_needs_a_rejected_bid_an_open_gig_and_no_other_bid() -> None:
    application = make_application()
    gig, doer = application.gig, application.doer
    with pytest.raises(ApplicationNotRejected):
        services.revive_application(application=application, doer=doer)
    services.reject_application(application=application, client=gig.client)
    services.close_gig(gig=gig, client=gig.client)
    with pytest.raises(GigNotOpen):
        services.revive_application(application=application, doer=doer)
    services.reopen_gig(gig=gig, client=gig.client)
    make_application(gig, doer)
    with pytest.raises(AlreadyApplied):
        services.revive_application(application=application, doer=doer)
    application.refresh_from_db()
    assert application.status == "rejected"


def test_awarding_chooses_one_and_turns_the_others_away() -> None:
    gig = make_gig()
    chosen, other, gone = make_application(gig), make_application(gig), make_application(gig)
    services.withdraw_application(application=gone, doer=gone.doer)
    services.award(application=chosen, client=gig.client)
    states = {row.pk: row.status for row in Application.objects.all()}
    gig.refresh_from_db()
    assert gig.status == "in_progress"
    assert states == {chosen.pk: "accepted", other.pk: "rejected", gone.pk: "withdrawn"}
    names = list(OutboxEvent.objects.order_by("id").values_list("name", flat=True))[-2:]
    assert names == ["gigs.ApplicationAccepted", "gigs.ApplicationRejected"]


def test_only_the_owner_awards() -> None:
    application = make_application()
    with pytest.raises(Forbidden):
        services.award(application=application, client=make_client())
    application.refresh_from_db()
    assert (application.status, application.gig.status) == ("pending", "open")


def test_a_closed_gig_may_be_awarded_and_a_cancelled_one_not() -> None:
    application = make_application()
    gig = application.gig
    services.close_gig(gig=gig, client=gig.client)
    services.award(application=application, client=gig.client)
    gig.refresh_from_db()
    assert gig.status == "in_progress"


def test_a_gig_whose_order_died_is_open_again_and_bids_may_be_revived() -> None:
    gig = make_gig(kind="on_site", category="repairs")
    chosen, other = make_application(gig), make_application(gig)
    services.award(application=chosen, client=gig.client)
    services.reveal_address(gig_id=gig.pk, doer_id=chosen.doer_id)
    services.release_gig(gig_id=gig.pk, application_id=chosen.pk, reason="unpaid")
    gig.refresh_from_db()
    chosen.refresh_from_db()
    assert (gig.status, gig.exact_address_for, chosen.status) == ("open", None, "lapsed")
    services.revive_application(application=other, doer=other.doer)
    services.award(application=other, client=gig.client)
    gig.refresh_from_db()
    assert gig.status == "in_progress"


@pytest.mark.parametrize(
    ("end", "status"), [(services.complete_gig, "completed"), (services.cancel_worked_gig, "cancelled")]
)
def test_work_ends_the_gig(end: Any, status: str) -> None:
    application = make_application()
    services.award(application=application, client=application.gig.client)
    end(gig_id=application.gig_id)
    assert Gig.objects.get(pk=application.gig_id).status == status
    with pytest.raises(InvalidTransition):
        end(gig_id=application.gig_id)


def test_the_database_itself_forbids_a_second_live_bid_and_a_second_winner() -> None:
    gig = make_gig()
    first, second = make_application(gig), make_application(gig)
    with pytest.raises(IntegrityError, match="gigs_application_one_live"), transaction.atomic():
        Application.objects.create(gig=gig, doer=first.doer, cover_letter=LETTER, proposed_amount=5_000)
    services.award(application=first, client=gig.client)
    with pytest.raises(IntegrityError, match="gigs_application_one_accepted"), transaction.atomic():
        Application.objects.filter(pk=second.pk).update(status="accepted")
    with pytest.raises(IntegrityError, match="gigs_gig_budget"), transaction.atomic():
        Gig.objects.filter(pk=gig.pk).update(budget_min=gig.budget_max + 1)
