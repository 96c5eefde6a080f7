"""The path from a posted gig to an application, over HTTP."""

from typing import Any

import pytest

from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import gig_terms, make_category, make_gig
from khidma.http.fields import milliseconds

pytestmark = pytest.mark.django_db


def gig_body(**over: Any) -> dict[str, Any]:
    terms = gig_terms()
    body = {
        "title": terms["title"],
        "description": terms["description"],
        "category": terms["category"],
        "budgetMin": terms["budget_min"],
        "budgetMax": terms["budget_max"],
        "deadline": milliseconds(terms["deadline"]),
    }
    return {**body, **over}


def test_a_client_posts_and_a_doer_applies(api: Any) -> None:
    make_category("design")
    client, doer = make_client(), make_doer()
    posted = api(client).post("/api/gigs", gig_body(skills=["Logo design", "logo  Design", "Figma"]))
    assert posted.status_code == 201, posted.json()
    gig = posted.json()["data"]
    assert posted.headers["Location"] == f"/api/gigs/{gig['id']}"
    assert gig["status"] == "open"
    assert gig["skills"] == ["Logo design", "Figma"]
    assert gig["client"]["id"] == gig["clientId"] == str(client.pk)
    applied = api(doer).post(
        f"/api/gigs/{gig['id']}/applications",
        {"coverLetter": "I would love to draw this logo.", "proposedAmount": 250_000, "estimatedDays": 3},
    )
    assert applied.status_code == 201, applied.json()
    seen = api(doer).get(f"/api/gigs/{gig['id']}").json()["data"]
    assert seen["myApplicationId"] == applied.json()["data"]["id"]
    assert seen["applicationsCount"] == 1
    assert seen["isSaved"] is False


def test_the_list_shows_an_open_gig_to_a_stranger(api: Any) -> None:
    gig = make_gig()
    listed = api().get("/api/gigs").json()
    assert [row["id"] for row in listed["data"]] == [str(gig.pk)]
    assert listed["data"][0]["isSaved"] is None
    assert listed["pagination"]["total"] == 1
