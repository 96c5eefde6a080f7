"""What the addresses of gigs take and answer: strict bodies, named mistakes, the whole resource."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_client, make_doer
from gigs import services
from gigs.models import Application, Gig
from gigs.tests.factories import make_application, make_category, make_gig
from gigs.tests.test_flow import gig_body
from khidma.http.fields import milliseconds
from khidma.kernel.clock import now

pytestmark = pytest.mark.django_db

PLACE = {"address": "14, 2nd Cross, Indiranagar", "city": "Bengaluru", "lat": 12.978369, "lng": 77.640835}


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"title": "Four"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": 12345}, "title"),
        ({"description": "Too short"}, "description"),
        ({"description": "x" * 5001}, "description"),
        ({"category": None}, "category"),
        ({"category": "juggling"}, "category"),
        ({"budgetMin": 0}, "budgetMin"),
        ({"budgetMin": 1.5}, "budgetMin"),
        ({"budgetMin": True}, "budgetMin"),
        ({"budgetMin": "200000"}, "budgetMin"),
        ({"budgetMax": 1_000_000_001}, "budgetMax"),
        ({"budgetMin": 600_000}, "budgetMin"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": "tomorrow"}, "deadline"),
        ({"skills": "Python"}, "skills"),
        ({"skills": ["Python"] * 21}, "skills"),
        ({"skills": [""]}, "skills.0"),
        ({"kind": "remote_ish"}, "kind"),
        ({"status": "in_progress"}, "status"),
        ({"attachments": ["0198c0de-0000-7000-8000-000000000000"]}, "attachments"),
        ({"kind": "on_site"}, "location"),
        ({"kind": "on_site", "location": {**PLACE, "lat": 91}}, "location.lat"),
        (
            {"kind": "on_site", "location": {**PLACE, "zoneId": "0198c0de-0000-7000-8000-000000000000"}},
            "location.zoneId",
        ),
        ({"estimatedMinutes": -5}, "estimatedMinutes"),
        ({"clientId": "0198c0de-0000-7000-8000-000000000000"}, "clientId"),
        ({"viewsCount": 1000}, "viewsCount"),
    ],
)
def test_a_wrong_value_is_named_and_no_gig_is_made(api: Any, over: dict[str, Any], field: str) -> None:
    make_category("design", on_site=True)
    answer = api(make_client()).post("/api/gigs", gig_body(**over))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert field in answer.json()["error"]["details"], answer.json()
    assert not Gig.objects.exists()


def test_every_missing_field_is_named_at_once(api: Any) -> None:
    details = api(make_client()).post("/api/gigs", {}).json()["error"]["details"]
    assert set(details) == {"title", "description", "category", "budgetMin", "budgetMax", "deadline"}


def test_an_on_site_gig_with_everything(api: Any) -> None:
    make_category("repairs", on_site=True)
    client = make_client()
    start = milliseconds(now() + timedelta(days=2))
    body = gig_body(
        kind="on_site",
        category="repairs",
        location=PLACE,
        scheduledAt=start,
        flexibilityMinutes=30,
        estimatedMinutes=90,
    )
    gig = api(client).post("/api/gigs", body).json()["data"]
    assert (gig["kind"], gig["priority"], gig["scheduledAt"], gig["flexibilityMinutes"]) == (
        "on_site",
        "normal",
        start,
        30,
    )
    assert gig["location"] == {**PLACE, "zoneId": None, "accessInstructions": ""}


def test_the_shape_of_a_gig(api: Any) -> None:
    gig = make_gig()
    shown = api().get(f"/api/gigs/{gig.pk}").json()["data"]
    assert set(shown) == {
        "id", "clientId", "client", "kind", "title", "description", "category", "skills", "budgetType", "budgetMin",
        "budgetMax", "deadline", "attachments", "status", "applicationsCount", "viewsCount", "isBoosted",
        "boostedUntil", "isSaved", "myApplicationId", "location", "scheduledAt", "flexibilityMinutes",
        "estimatedMinutes", "priority", "createdAt", "updatedAt",
    }  # fmt: skip
    assert shown["deadline"] == milliseconds(gig.deadline)
    assert "phone" not in shown["client"]
    assert "email" not in shown["client"]


def test_the_same_gig_is_not_sent_twice(api: Any) -> None:
    gig = make_gig()
    reader = api(make_doer())
    first = reader.get(f"/api/gigs/{gig.pk}")
    again = reader.get(f"/api/gigs/{gig.pk}", if_none_match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    services.change_gig(gig=gig, client=gig.client, title="Another good title")
    assert reader.get(f"/api/gigs/{gig.pk}", if_none_match=first.headers["ETag"]).status_code == 200


def test_changing_one_field_leaves_the_others(api: Any) -> None:
    gig = make_gig(skills=["Figma"])
    changed = api(gig.client).patch(f"/api/gigs/{gig.pk}", {"title": "Another good title"}).json()["data"]
    assert (changed["title"], changed["skills"], changed["budgetMax"]) == (
        "Another good title",
        ["Figma"],
        gig.budget_max,
    )
    assert changed["updatedAt"] > milliseconds(gig.updated_at)


def test_refusals_have_their_own_codes(api: Any) -> None:
    application = make_application()
    gig, owner, doer = application.gig, api(application.gig.client), api(application.doer)
    letter = {"coverLetter": "I have done this kind of work for years.", "proposedAmount": 250_000}
    assert code(doer.post(f"/api/gigs/{gig.pk}/applications", letter)) == (409, "already_applied")
    assert code(owner.patch(f"/api/gigs/{gig.pk}", {"budgetMax": 900_000})) == (409, "gig_has_applications")
    assert code(owner.post(f"/api/gigs/{gig.pk}/reopen")) == (409, "invalid_transition")
    owner.post(f"/api/gigs/{gig.pk}/close")
    assert code(owner.post(f"/api/gigs/{gig.pk}/close")) == (409, "gig_not_open")
    assert code(api(make_doer()).post(f"/api/gigs/{gig.pk}/applications", letter)) == (409, "gig_not_open")
    owner.post(f"/api/applications/{application.pk}/reject", {})
    assert code(doer.post(f"/api/applications/{application.pk}/withdraw")) == (409, "application_already_decided")
    assert code(doer.post(f"/api/applications/{application.pk}/revive")) == (409, "gig_not_open")
    both = make_doer(roles=["client", "doer"])
    own = make_gig(both)
    assert code(api(both).post(f"/api/gigs/{own.pk}/applications", letter)) == (409, "own_gig")
    assert code(owner.post(f"/api/gigs/{gig.pk}/cancel", {})) == (400, "validation_error")
    assert Application.objects.count() == 1


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"coverLetter": "Too short"}, "coverLetter"),
        ({"proposedAmount": 999}, "proposedAmount"),
        ({"proposedAmount": 2.5}, "proposedAmount"),
        ({"estimatedDays": 0}, "estimatedDays"),
        ({"agreedHours": 10}, "agreedHours"),
        ({"milestones": [{"title": "All of it", "amount": 250_000}]}, "milestones.0.dueAt"),
        ({"status": "accepted"}, "status"),
    ],
)
def test_a_wrong_bid_is_named_and_not_made(api: Any, over: dict[str, Any], field: str) -> None:
    gig = make_gig()
    letter = {"coverLetter": "I have done this kind of work for years.", "proposedAmount": 250_000}
    answer = api(make_doer()).post(f"/api/gigs/{gig.pk}/applications", {**letter, **over})
    assert code(answer) == (400, "validation_error")
    assert field in answer.json()["error"]["details"], answer.json()
    assert not Application.objects.exists()


def test_the_shape_of_an_application_with_milestones(api: Any) -> None:
    application = make_application(make_gig(budget_type="milestone"), estimated_days=4)
    shown = api(application.doer).get(f"/api/applications/{application.pk}").json()["data"]
    due = milliseconds(application.gig.deadline)
    assert shown["milestones"] == [
        {"title": "Sketch", "amount": 100_000, "dueAt": due},
        {"title": "Final", "amount": 100_000, "dueAt": due},
    ]
    assert (shown["gigId"], shown["doerId"]) == (str(application.gig_id), str(application.doer_id))
    assert (shown["status"], shown["estimatedDays"], shown["decidedAt"]) == ("pending", 4, None)


def test_own_applications_by_state_and_gig(api: Any) -> None:
    doer = make_doer()
    first, second = make_application(doer=doer), make_application(doer=doer)
    services.withdraw_application(application=first, doer=doer)
    caller = api(doer)

    def listed(**query: Any) -> list[str]:
        return [row["id"] for row in caller.get("/api/applications", query).json()["data"]]

    assert listed() == [str(second.pk), str(first.pk)]
    assert listed(status="withdrawn,rejected") == [str(first.pk)]
    assert listed(gigId=str(second.gig_id)) == [str(second.pk)]
    assert caller.get("/api/applications", {"status": "lost"}).status_code == 400
