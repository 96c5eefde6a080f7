"""Posting, changing, opening and ending gigs."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_client, make_doer
from gigs import services, tasks
from gigs.errors import DeadlinePassed, GigHasApplications, GigHasDoer, GigNotEditable, GigNotOpen
from gigs.models import Gig
from gigs.tests.factories import gig_terms, make_application, make_category, make_gig, make_overdue_gig, place
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid, InvalidTransition
from khidma.kernel.models import OutboxEvent
from khidma.kernel.states import history

pytestmark = pytest.mark.django_db


def events() -> list[str]:
    return list(OutboxEvent.objects.filter(name__startswith="gigs.").order_by("id").values_list("name", flat=True))


def test_posting_opens_the_gig_and_says_so() -> None:
    gig = make_gig()
    assert gig.status == "open"
    assert [(step.action, step.to_status, step.actor_id) for step in history(gig)] == [("post", "open", gig.client_id)]
    assert events() == ["gigs.GigPosted"]


def test_a_draft_is_not_announced_until_it_opens() -> None:
    gig = make_gig(status="draft")
    assert events() == []
    services.reopen_gig(gig=gig, client=gig.client)
    gig.refresh_from_db()
    assert gig.status == "open"
    assert events() == ["gigs.GigPosted"]


def test_a_draft_is_published_by_a_change_too() -> None:
    gig = make_gig(status="draft")
    changed = services.change_gig(gig=gig, client=gig.client, status="open", title="Logo for a large bakery")
    assert (changed.status, changed.title) == ("open", "Logo for a large bakery")


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"budget_min": 300, "budget_max": 200}, "budgetMin"),
        ({"category": "juggling"}, "category"),
        ({"deadline": timedelta(seconds=-1)}, "deadline"),
        ({"deadline": timedelta(days=900)}, "deadline"),
        ({"kind": "on_site", "location": place()}, "kind"),
        ({"kind": "on_site", "category": "repairs"}, "location"),
        ({"location": place()}, "location"),
        ({"scheduled_at": timedelta(days=1)}, "scheduledAt"),
        ({"attachments": ["0198c0de-0000-7000-8000-000000000000"]}, "attachments"),
    ],
)
def test_terms_that_contradict_each_other_make_no_gig(over: dict[str, Any], field: str) -> None:
    make_category("design")
    make_category("repairs", on_site=True)
    client = make_client()
    over = {name: now() + value if isinstance(value, timedelta) else value for name, value in over.items()}
    with pytest.raises(Invalid) as refusal:
        services.post_gig(client=client, **gig_terms(**over))
    assert list(refusal.value.details) == [field]
    assert not Gig.objects.exists()
    assert events() == []


def test_the_owner_changes_text_while_there_are_applications() -> None:
    gig = make_application().gig
    changed = services.change_gig(gig=gig, client=gig.client, title="Logo for two bakeries", skills=["Figma"])
    changed.refresh_from_db()
    assert (changed.title, changed.skills, changed.skill_keys) == ("Logo for two bakeries", ["Figma"], ["figma"])


@pytest.mark.parametrize("terms", [{"budget_max": 900_000}, {"budget_type": "hourly"}, {"category": "writing"}])
def test_money_kind_and_category_stand_while_there_are_applications(terms: dict[str, Any]) -> None:
    make_category("writing")
    gig = make_application().gig
    before = Gig.objects.values("budget_max", "budget_type", "category_id").get(pk=gig.pk)
    with pytest.raises(GigHasApplications):
        services.change_gig(gig=gig, client=gig.client, **terms)
    assert Gig.objects.values("budget_max", "budget_type", "category_id").get(pk=gig.pk) == before


def test_money_may_change_again_once_every_application_is_gone() -> None:
    application = make_application()
    services.withdraw_application(application=application, doer=application.doer)
    gig = application.gig
    assert services.change_gig(gig=gig, client=gig.client, budget_max=900_000).budget_max == 900_000


def test_naming_the_same_money_again_is_no_change() -> None:
    gig = make_application().gig
    services.change_gig(gig=gig, client=gig.client, budget_max=gig.budget_max, title="Logo for my bakery")
    gig.refresh_from_db()
    assert gig.title == "Logo for my bakery"


def test_a_cancelled_gig_cannot_be_changed() -> None:
    gig = make_gig()
    services.cancel_gig(gig=gig, by=gig.client, reason="Not needed any more")
    with pytest.raises(GigNotEditable):
        services.change_gig(gig=gig, client=gig.client, title="Another title")
    gig.refresh_from_db()
    assert gig.title == "Logo for a small bakery"


def test_closing_and_reopening() -> None:
    gig = make_gig()
    services.close_gig(gig=gig, client=gig.client)
    with pytest.raises(GigNotOpen):
        services.close_gig(gig=gig, client=gig.client)
    services.reopen_gig(gig=gig, client=gig.client)
    gig.refresh_from_db()
    assert gig.status == "open"
    assert events() == ["gigs.GigPosted", "gigs.GigClosed", "gigs.GigReopened"]


def test_reopening_an_open_gig_is_refused() -> None:
    gig = make_gig()
    with pytest.raises(InvalidTransition):
        services.reopen_gig(gig=gig, client=gig.client)
    assert events() == ["gigs.GigPosted"]


def test_cancelling_turns_every_applicant_away() -> None:
    gig = make_gig()
    first, second = make_application(gig), make_application(gig)
    services.shortlist_application(application=second, client=gig.client)
    services.cancel_gig(gig=gig, by=gig.client, reason="Found somebody in the family")
    for application in (first, second):
        application.refresh_from_db()
        assert application.status == "rejected"
        assert application.decided_at is not None
    assert history(gig).last().reason == "Found somebody in the family"  # type: ignore[union-attr]
    assert events()[-3:] == ["gigs.ApplicationRejected", "gigs.ApplicationRejected", "gigs.GigCancelled"]
    told = OutboxEvent.objects.get(name="gigs.GigCancelled").payload["applicant_ids"]
    assert sorted(told) == sorted([str(first.doer_id), str(second.doer_id)])


def test_deleting_hides_the_gig_and_turns_applicants_away() -> None:
    application = make_application()
    gig = application.gig
    services.remove_gig(gig=gig, client=gig.client)
    application.refresh_from_db()
    assert application.status == "rejected"
    assert not Gig.objects.visible_to(gig.client).exists()
    assert not Gig.objects.visible_to(application.doer).exists()


def test_a_gig_with_a_doer_cannot_be_deleted() -> None:
    application = make_application()
    gig = application.gig
    services.award(application=application, client=gig.client)
    with pytest.raises(GigHasDoer):
        services.remove_gig(gig=gig, client=gig.client)
    gig.refresh_from_db()
    assert (gig.status, gig.removed_at) == ("in_progress", None)


def test_the_clock_ends_a_gig_whose_deadline_has_passed_and_no_other() -> None:
    overdue, other = make_overdue_gig(), make_gig()
    assert tasks.expire_gigs() == 1
    assert tasks.expire_gigs() == 0
    overdue.refresh_from_db()
    other.refresh_from_db()
    assert (overdue.status, other.status) == ("expired", "open")
    assert events()[-1] == "gigs.GigExpired"


def test_an_expired_gig_opens_with_a_new_deadline_only() -> None:
    gig = make_overdue_gig()
    tasks.expire_gigs()
    with pytest.raises(DeadlinePassed):
        services.reopen_gig(gig=gig, client=gig.client)
    gig.refresh_from_db()
    assert gig.status == "expired"
    services.reopen_gig(gig=gig, client=gig.client, deadline=now() + timedelta(days=3))
    gig.refresh_from_db()
    assert gig.status == "open"


def test_a_new_deadline_by_itself_reopens_an_expired_gig() -> None:
    gig = make_overdue_gig()
    tasks.expire_gigs()
    services.change_gig(gig=gig, client=gig.client, deadline=now() + timedelta(days=3))
    gig.refresh_from_db()
    assert gig.status == "open"


def test_the_list_of_skills_gives_the_spelling() -> None:
    from accounts.services import ensure_skills

    ensure_skills(names=["Adobe Illustrator"])
    gig = make_gig(skills=["adobe illustrator", "Hand lettering"])
    assert gig.skills == ["Adobe Illustrator", "Hand lettering"]
    assert gig.skill_keys == ["adobe illustrator", "hand lettering"]


def test_looks_are_counted_once_per_viewer_and_day() -> None:
    gig = make_gig()
    for viewer in ("one", "two", "one"):
        services.note_view(gig=gig, viewer=viewer)
    assert tasks.count_views() == 2
    assert tasks.count_views() == 0
    services.note_view(gig=gig, viewer="one")
    assert tasks.count_views() == 0
    gig.refresh_from_db()
    assert gig.views_count == 2


def test_a_bookmark_is_kept_once_and_forgotten() -> None:
    gig, user = make_gig(), make_doer()
    services.save_gig(gig=gig, user=user)
    services.save_gig(gig=gig, user=user)
    assert gig.saves.count() == 1
    services.forget_saved_gig(gig=gig, user=user)
    assert gig.saves.count() == 0
