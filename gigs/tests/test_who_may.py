"""Who gets what at each address of gigs: stranger, bystander, client, doer, operator."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator, make_user
from gigs import services
from gigs.models import Application, Gig
from gigs.tests.factories import make_application, make_gig, place
from khidma.kernel.models import OutboxEvent, StateChange

pytestmark = pytest.mark.django_db

CALLERS = ["nobody", "bystander", "other_doer", "owner", "doer", "operator"]
LETTER = {"coverLetter": "I have done this kind of work for years.", "proposedAmount": 250_000}
CHANGES = {"title": "Another good title"}


def caller_called(name: str, application: Application) -> User | None:
    """One of the people who may come by an open gig with one pending application."""
    makers: dict[str, Callable[[], User | None]] = {
        "nobody": lambda: None,
        "bystander": make_client,
        "other_doer": make_doer,
        "owner": lambda: application.gig.client,
        "doer": lambda: application.doer,
        "operator": lambda: make_operator("support"),
    }
    return makers[name]()


def trace() -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    gigs = list(Gig.objects.order_by("id").values())
    applications = list(Application.objects.order_by("id").values())
    return gigs, applications, StateChange.objects.count(), OutboxEvent.objects.count()


GIG = "/api/gigs/{gig}"
APPLICATION = "/api/applications/{application}"

TABLE: list[tuple[str, str, Any, str]] = [
    # method, address, body, status for nobody / bystander / other doer / owner / doer / operator
    ("GET", GIG, None, "200 200 200 200 200 200"),
    ("PATCH", GIG, CHANGES, "401 404 404 200 404 404"),
    ("DELETE", GIG, None, "401 404 404 204 404 404"),
    ("POST", f"{GIG}/close", None, "401 404 404 200 404 404"),
    ("POST", f"{GIG}/cancel", {"reason": "No need"}, "401 404 404 200 404 404"),
    ("POST", f"{GIG}/reopen", None, "401 404 404 409 404 404"),
    ("POST", f"{GIG}/save", None, "401 200 200 200 200 200"),
    ("DELETE", f"{GIG}/save", None, "401 204 204 204 204 204"),
    ("GET", f"{GIG}/applications", None, "401 404 404 200 404 404"),
    ("POST", f"{GIG}/applications", LETTER, "401 403 201 403 409 403"),
    ("GET", APPLICATION, None, "401 404 404 200 200 404"),
    ("PATCH", APPLICATION, {"proposedAmount": 300_000}, "401 404 404 403 200 404"),
    ("POST", f"{APPLICATION}/shortlist", None, "401 404 404 200 403 404"),
    ("DELETE", f"{APPLICATION}/shortlist", None, "401 404 404 409 403 404"),
    ("POST", f"{APPLICATION}/reject", {"reason": "Too dear"}, "401 404 404 200 403 404"),
    ("POST", f"{APPLICATION}/withdraw", None, "401 404 404 403 200 404"),
    ("POST", f"{APPLICATION}/revive", None, "401 404 404 403 409 404"),
    ("GET", "/api/gigs/my-gigs", None, "401 200 200 200 200 200"),
    ("GET", "/api/gigs/saved", None, "401 200 200 200 200 200"),
    ("GET", "/api/applications", None, "401 200 200 200 200 200"),
    ("GET", "/api/gigs", None, "200 200 200 200 200 200"),
    ("GET", "/api/categories", None, "200 200 200 200 200 200"),
    ("GET", "/api/skills", None, "200 200 200 200 200 200"),
    ("GET", "/api/zones", None, "200 200 200 200 200 200"),
]
CASES = [
    pytest.param(method, address, body, caller, int(status), id=f"{method} {address} by {caller}")
    for method, address, body, statuses in TABLE
    for caller, status in zip(CALLERS, statuses.split(), strict=True)
]


@pytest.mark.parametrize(("method", "address", "body", "caller", "status"), CASES)
def test_who_may(api: Any, method: str, address: str, body: Any, caller: str, status: int) -> None:
    application = make_application()
    path = address.format(gig=application.gig_id, application=application.pk)
    client = api(caller_called(caller, application))
    before = trace()
    answer = client.get(path) if method == "GET" else getattr(client, method.lower())(path, body)
    assert answer.status_code == status, answer.content
    if status >= 400:
        assert trace() == before


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_a_gig_that_is_not_public_shows_to_those_it_concerns(api: Any, state: str) -> None:
    gig = make_gig(status="draft") if state == "draft" else make_gig()
    applicant = None
    if state == "cancelled":
        applicant = make_application(gig).doer
        services.cancel_gig(gig=gig, by=gig.client, reason="No need")
    expected: list[tuple[User | None, int]] = [
        (None, 404),
        (make_doer(), 404),
        (gig.client, 200),
        (make_operator("support"), 200),
    ]
    if applicant:
        expected.append((applicant, 200))
    for viewer, status in expected:
        assert api(viewer).get(f"/api/gigs/{gig.pk}").status_code == status


def test_a_deleted_gig_is_gone_for_everybody(api: Any) -> None:
    application = make_application()
    assert api(application.gig.client).delete(f"/api/gigs/{application.gig_id}").status_code == 204
    for caller in CALLERS:
        assert api(caller_called(caller, application)).get(f"/api/gigs/{application.gig_id}").status_code == 404
    shown = api(application.doer).get(f"/api/applications/{application.pk}").json()["data"]
    assert shown["status"] == "rejected"


def test_the_exact_place_shows_to_the_owner_operators_and_the_doer_of_a_funded_order(api: Any) -> None:
    gig = make_gig(kind="on_site", category="repairs")
    application = make_application(gig)
    exact = place()

    def shown_to(caller: User | None) -> dict[str, Any]:
        location: dict[str, Any] = api(caller).get(f"/api/gigs/{gig.pk}").json()["data"]["location"]
        return location

    for caller in (gig.client, make_operator("support")):
        assert shown_to(caller)["address"] == exact["address"]
        assert shown_to(caller)["accessInstructions"] == exact["access_instructions"]
        assert (shown_to(caller)["lat"], shown_to(caller)["lng"]) == (exact["lat"], exact["lng"])
    area = {
        "address": "Bengaluru",
        "city": "Bengaluru",
        "zoneId": None,
        "lat": 12.98,
        "lng": 77.64,
        "accessInstructions": None,
    }
    for other in (None, make_doer(), application.doer):
        assert shown_to(other) == area
    services.award(application=application, client=gig.client)
    assert shown_to(application.doer) == area
    services.reveal_address(gig_id=gig.pk, doer_id=application.doer_id)
    assert shown_to(application.doer)["address"] == exact["address"]
    assert shown_to(make_doer()) == area


def test_nobody_acts_before_the_profile_is_complete(api: Any) -> None:
    gig = make_gig()
    newcomer = api(make_user())
    for path, body in (("/api/gigs", {}), (f"/api/gigs/{gig.pk}/applications", LETTER)):
        answer = newcomer.post(path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "profile_incomplete")
    assert Gig.objects.count() == 1
    assert not Application.objects.exists()


def test_a_role_is_needed_to_post_and_to_apply(api: Any) -> None:
    gig = make_gig()
    posted = api(make_doer()).post("/api/gigs", {})
    applied = api(make_client()).post(f"/api/gigs/{gig.pk}/applications", LETTER)
    for answer in (posted, applied):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role_required")
    assert not Application.objects.exists()


def test_looks_of_others_are_counted_and_the_owners_own_are_not(api: Any) -> None:
    gig = make_gig()
    reader = api(make_doer())
    for caller in (api(gig.client), reader, reader, api()):
        caller.get(f"/api/gigs/{gig.pk}")
    assert reader.get(f"/api/gigs/{gig.pk}").json()["data"]["viewsCount"] == 2
    services.count_views()
    assert api().get("/api/gigs").json()["data"][0]["viewsCount"] == 2
