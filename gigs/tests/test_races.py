"""Many callers at the same moment: one winner, no lost count."""

from typing import Any

import pytest

from accounts.tests.factories import make_doer
from gigs import services
from gigs.errors import AlreadyApplied, ApplicationAlreadyDecided, GigNotOpen
from gigs.models import Application, Gig
from gigs.tests.factories import make_application, make_gig
from khidma.tests.races import at_once

CALLERS = 20


def refusals(answers: list[Any]) -> list[type]:
    return [type(answer) for answer in answers if isinstance(answer, Exception)]


@pytest.mark.usefixtures("committed_db")
def test_twenty_doers_apply_at_once_and_all_are_counted() -> None:
    gig = make_gig()
    doers = [make_doer() for _ in range(CALLERS)]
    answers = at_once(*(lambda doer=doer: make_application(gig, doer) for doer in doers))
    assert refusals(answers) == []
    assert Gig.objects.get(pk=gig.pk).applications_count == gig.applications.count() == CALLERS


@pytest.mark.usefixtures("committed_db")
def test_one_doer_applying_twenty_times_at_once_applies_once() -> None:
    gig, doer = make_gig(), make_doer()
    answers = at_once(*[lambda: make_application(gig, doer)] * CALLERS)
    assert refusals(answers) == [AlreadyApplied] * (CALLERS - 1)
    assert Gig.objects.get(pk=gig.pk).applications_count == Application.objects.count() == 1


@pytest.mark.usefixtures("committed_db")
def test_twenty_awards_at_once_have_one_winner() -> None:
    gig = make_gig()
    rivals = [make_application(gig) for _ in range(4)] * 5
    answers = at_once(*(lambda one=one: services.award(application=one, client=gig.client) for one in rivals))
    assert refusals(answers) == [ApplicationAlreadyDecided] * (CALLERS - 1)
    assert sorted(gig.applications.values_list("status", flat=True)) == ["accepted", "rejected", "rejected", "rejected"]
    assert Gig.objects.get(pk=gig.pk).status == "in_progress"


@pytest.mark.usefixtures("committed_db")
def test_nobody_gets_onto_a_gig_that_is_being_cancelled() -> None:
    gig = make_gig()
    doers = [make_doer() for _ in range(CALLERS - 1)]
    answers = at_once(
        lambda: services.cancel_gig(gig=gig, by=gig.client, reason="Too many"),
        *(lambda doer=doer: make_application(gig, doer) for doer in doers),
    )
    assert set(refusals(answers)) <= {GigNotOpen}
    assert not gig.applications.undecided().exists()
    assert Gig.objects.get(pk=gig.pk).status == "cancelled"


@pytest.mark.usefixtures("committed_db")
def test_withdrawing_and_awarding_at_once_leave_one_truth() -> None:
    application = make_application()
    gig = application.gig
    answers = at_once(
        lambda: services.award(application=application, client=gig.client),
        lambda: services.withdraw_application(application=application, doer=application.doer),
    )
    assert refusals(answers) == [ApplicationAlreadyDecided]
    application.refresh_from_db()
    gig.refresh_from_db()
    assert (application.status, gig.status) in {("accepted", "in_progress"), ("withdrawn", "open")}
    assert gig.applications_count == (1 if application.status == "accepted" else 0)


@pytest.mark.usefixtures("committed_db")
def test_twenty_first_looks_at_once_are_twenty_looks() -> None:
    gig = make_gig()
    answers = at_once(*(lambda n=n: services.note_view(gig=gig, viewer=f"viewer {n}") for n in range(CALLERS)))
    assert refusals(answers) == []
    counted = at_once(services.count_views, services.count_views)
    assert sum(counted) == CALLERS
    assert Gig.objects.get(pk=gig.pk).views_count == CALLERS
