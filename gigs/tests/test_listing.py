"""The list of gigs: each filter, each sort, paging, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Skill
from accounts.services import add_zone
from accounts.tests.factories import make_client, make_doer
from gigs import services
from gigs.api.filters import INDIA
from gigs.models import Gig
from gigs.tests.factories import make_application, make_category, make_gig, place
from khidma.http.fields import milliseconds
from khidma.kernel.clock import now

pytestmark = pytest.mark.django_db

BOX = [[77.6, 12.9], [77.7, 12.9], [77.7, 13.0], [77.6, 13.0], [77.6, 12.9]]


def found(api: Any, **query: Any) -> list[str]:
    answer = api().get("/api/gigs", query)
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["data"]]


def on_site(title: str, **over: Any) -> Gig:
    return make_gig(title=title, kind="on_site", category="repairs", **over)


def test_a_category_holds_its_children(api: Any) -> None:
    design = make_category("design")
    make_category("logos", parent=design)
    make_gig(title="In the parent", category="design")
    make_gig(title="In the child", category="logos")
    make_gig(title="Elsewhere", category="writing")
    assert found(api, category="design") == ["In the child", "In the parent"]
    assert found(api, category="logos") == ["In the child"]


def test_all_skills_must_match_whatever_their_case(api: Any) -> None:
    make_gig(title="Both skills", skills=["Python", "SQL"])
    make_gig(title="One skill", skills=["Python"])
    assert found(api, skills="sql,PYTHON") == ["Both skills"]
    assert found(api, skills="python") == ["One skill", "Both skills"]


def test_budgets_overlap(api: Any) -> None:
    make_gig(title="Small", budget_min=1_000, budget_max=2_000)
    make_gig(title="Large", budget_min=5_000, budget_max=9_000)
    assert found(api, budgetMin=2_000, budgetMax=4_000) == ["Small"]
    assert found(api, budgetMin=2_001) == ["Large"]
    assert found(api, budgetMax=4_999) == ["Small"]
    assert found(api, budgetMin=1_500, budgetMax=6_000) == ["Large", "Small"]


def test_deadlines_by_day_and_period(api: Any) -> None:
    soon = now() + timedelta(minutes=1)
    later = now() + timedelta(days=40)
    make_gig(title="Very soon", deadline=soon)
    make_gig(title="Much later", deadline=later)
    assert found(api, deadline=soon.astimezone(INDIA).date().isoformat()) == ["Very soon"]
    assert found(api, deadline=later.astimezone(INDIA).date().isoformat()) == ["Much later"]
    for period in ("today", "this_week", "this_month"):
        is_within = soon.astimezone(INDIA).date() == now().astimezone(INDIA).date()
        assert found(api, deadline=period) == (["Very soon"] if is_within else [])


def test_only_open_gigs_unless_another_state_is_asked_for(api: Any) -> None:
    make_gig(title="Open gig")
    closed = make_gig(title="Closed gig")
    services.close_gig(gig=closed, client=closed.client)
    make_gig(title="Draft gig", status="draft")
    assert found(api) == ["Open gig"]
    assert found(api, status="closed") == ["Closed gig"]
    assert found(api, status="draft") == []


def test_drafts_show_in_the_list_to_their_owner(api: Any) -> None:
    draft = make_gig(title="Draft gig", status="draft")
    listed = api(draft.client).get("/api/gigs", {"status": "draft"}).json()["data"]
    assert [row["title"] for row in listed] == ["Draft gig"]


def test_by_kind_zone_and_city(api: Any) -> None:
    zone = add_zone(name="East", city="Bengaluru", boundary={"type": "Polygon", "coordinates": [BOX]})
    on_site("Fix the tap")
    on_site("Fix the roof", location=place(city="Mysuru", lat=12.2958, lng=76.6394))
    make_gig(title="Draw a tap")
    assert found(api, kind="remote") == ["Draw a tap"]
    assert found(api, kind="on_site") == ["Fix the roof", "Fix the tap"]
    assert found(api, zone=str(zone.pk)) == ["Fix the tap"]
    assert found(api, city="bengaluru") == ["Fix the tap"]


def test_near_a_place_nearest_first(api: Any) -> None:
    on_site("Two km away", location=place(lat=12.99, lng=77.64))
    on_site("Next door")
    on_site("In Mysuru", location=place(city="Mysuru", lat=12.2958, lng=76.6394))
    here = {"near": "12.978,77.641", "radiusKm": 10}
    assert sorted(found(api, **here)) == ["Next door", "Two km away"]
    assert found(api, **here, sortBy="distance") == ["Next door", "Two km away"]
    assert found(api, near="12.978,77.641", radiusKm=1) == ["Next door"]
    assert found(api, near="12.978,77.641", radiusKm=200, sortBy="distance") == [
        "Next door",
        "Two km away",
        "In Mysuru",
    ]


def test_by_university_of_the_client_and_by_age(api: Any) -> None:
    make_gig(make_client(university="Anna University"), title="From Chennai")
    between = now()
    make_gig(title="From elsewhere")
    assert found(api, university="Anna University") == ["From Chennai"]
    assert found(api, postedSince=milliseconds(between)) == ["From elsewhere"]


@pytest.mark.parametrize(
    ("sort", "rising"),
    [
        ("createdAt", ["First", "Second", "Third"]),
        ("deadline", ["Second", "Third", "First"]),
        ("budgetMin", ["Third", "First", "Second"]),
        ("budgetMax", ["First", "Third", "Second"]),
        ("applicationsCount", ["Third", "Second", "First"]),
    ],
)
def test_each_sort_in_both_directions(api: Any, sort: str, rising: list[str]) -> None:
    ahead = {days: now() + timedelta(days=days) for days in (1, 2, 3)}
    first = make_gig(title="First", deadline=ahead[3], budget_min=2_000, budget_max=3_000)
    second = make_gig(title="Second", deadline=ahead[1], budget_min=3_000, budget_max=8_000)
    make_gig(title="Third", deadline=ahead[2], budget_min=1_000, budget_max=5_000)
    for gig in (first, first, second):
        make_application(gig)
    assert found(api, sortBy=sort, sortOrder="asc") == rising
    assert found(api, sortBy=sort, sortOrder="desc") == rising[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sortBy": "price"}, "sortBy"),
        ({"sortOrder": "up"}, "sortOrder"),
        ({"sortBy": "distance"}, "sortBy"),
        ({"sortBy": "relevance"}, "sortBy"),
        ({"near": "here"}, "near"),
        ({"near": "91,77"}, "near"),
        ({"near": "1e9,77"}, "near"),
        ({"near": "12.9,77.6", "radiusKm": "0"}, "radiusKm"),
        ({"near": "12.9,77.6", "radiusKm": "NaN"}, "radiusKm"),
        ({"near": "12.9,77.6", "radiusKm": "501"}, "radiusKm"),
        ({"radiusKm": "5"}, "radiusKm"),
        ({"category": "juggling"}, "category"),
        ({"category": "No Slug"}, "category"),
        ({"budgetMin": "1_000"}, "budgetMin"),
        ({"budgetMin": "10.5"}, "budgetMin"),
        ({"budgetMin": "500", "budgetMax": "400"}, "budgetMin"),
        ({"deadline": "tomorrow"}, "deadline"),
        ({"deadline": "2026-02-30"}, "deadline"),
        ({"status": "lost"}, "status"),
        ({"zone": "east"}, "zone"),
        ({"postedSince": "yesterday"}, "postedSince"),
        ({"limit": "101"}, "limit"),
        ({"page": "0"}, "page"),
        ({"cursor": "abc"}, "cursor"),
    ],
)
def test_a_bad_filter_is_named(api: Any, query: dict[str, str], field: str) -> None:
    answer = api().get("/api/gigs", query)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["error"]["code"] == "validation_error"
    assert field in answer.json()["error"]["details"]


def test_boosted_gigs_come_first_in_the_default_order_only(api: Any) -> None:
    boosted = make_gig(title="Boosted gig")
    make_gig(title="Newer gig")
    Gig.objects.filter(pk=boosted.pk).update(is_boosted=True, boosted_until=now() + timedelta(days=1))
    assert found(api) == ["Boosted gig", "Newer gig"]
    assert found(api, sortBy="createdAt") == ["Newer gig", "Boosted gig"]


@pytest.mark.parametrize(
    "query", [{}, {"sortBy": "budgetMin"}, {"search": "bakery"}, {"near": "12.978,77.641", "sortBy": "distance"}]
)
def test_a_cursor_repeats_and_misses_nothing_while_rows_arrive(api: Any, query: dict[str, str]) -> None:
    before = {str(on_site(f"Bakery oven {number}").pk) for number in range(5)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = api().get("/api/gigs", {**query, "limit": 2, "cursor": cursor}).json()
        seen += [row["id"] for row in answer["data"]]
        cursor = answer["pagination"]["nextCursor"]
        on_site("Bakery oven that came meanwhile")
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(api: Any) -> None:
    make_category("design")
    reader = make_doer()
    caller = api(reader)

    def cost(path: str, query: dict[str, Any] | None = None) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert caller.get(path, query).status_code == 200
        return len(queries)

    def grow() -> None:
        gig = make_gig(skills=["Python"])
        services.save_gig(gig=gig, user=reader)
        make_application(gig, reader)

    paths: list[tuple[str, dict[str, Any]]] = [
        ("/api/gigs", {}),
        ("/api/gigs", {"search": "bakery logo", "category": "design", "skills": "python", "budgetMin": 1}),
        ("/api/gigs/saved", {}),
        ("/api/applications", {}),
    ]
    grow()
    costs = [cost(*path) for path in paths]
    for _ in range(5):
        grow()
    assert [cost(*path) for path in paths] == costs
    assert max(costs) <= 10, costs


def test_an_owner_sees_applications_in_a_constant_number_of_queries(api: Any) -> None:
    gig = make_gig(budget_type="milestone")
    owner = api(gig.client)
    make_application(gig)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(f"/api/gigs/{gig.pk}/applications").status_code == 200
            assert owner.get("/api/gigs/my-gigs").status_code == 200
        return len(queries)

    few = cost()
    for _ in range(4):
        make_application(gig)
    assert cost() == few


def test_my_gigs_are_mine_in_every_state(api: Any) -> None:
    client = make_client()
    make_gig(client, title="My draft", status="draft")
    gig = make_gig(client, title="My cancelled gig")
    services.cancel_gig(gig=gig, by=client, reason="No need")
    make_gig(title="Somebody else's")
    titles = [row["title"] for row in api(client).get("/api/gigs/my-gigs").json()["data"]]
    assert titles == ["My cancelled gig", "My draft"]
    drafts = api(client).get("/api/gigs/my-gigs", {"status": "draft,open"}).json()["data"]
    assert [row["title"] for row in drafts] == ["My draft"]


def test_saved_gigs_last_saved_first(api: Any) -> None:
    reader = make_doer()
    older, newer = make_gig(title="Older gig"), make_gig(title="Newer gig")
    for gig in (newer, older):
        saved = api(reader).post(f"/api/gigs/{gig.pk}/save").json()["data"]
        assert saved["isSaved"] is True
    rows = api(reader).get("/api/gigs/saved").json()["data"]
    assert [row["title"] for row in rows] == ["Older gig", "Newer gig"]
    assert api(reader).delete(f"/api/gigs/{older.pk}/save").status_code == 204
    assert [row["title"] for row in api(reader).get("/api/gigs/saved").json()["data"]] == ["Newer gig"]


def test_the_category_tree_has_an_etag(api: Any) -> None:
    design = make_category("design")
    make_category("logos", parent=design)
    answer = api().get("/api/categories")
    tree = [row for row in answer.json()["data"] if row["slug"] == "design"]
    assert tree == [
        {
            "slug": "design",
            "name": "Design",
            "kinds": ["remote"],
            "children": [{"slug": "logos", "name": "Logos", "kinds": ["remote"], "children": []}],
        }
    ]
    assert api().get("/api/categories", if_none_match=answer.headers["ETag"]).status_code == 304


def test_skills_by_their_beginning(api: Any) -> None:
    Skill.objects.bulk_create([Skill(name=name) for name in ("Photoshop", "photography", "Phonetics", "Sculpture")])
    rows = api().get("/api/skills", {"search": "PHOTO"}).json()["data"]
    assert [row["name"] for row in rows] == ["photography", "Photoshop"]
    assert api().get("/api/skills", {"search": "%"}).json()["data"] == []


def test_zones_with_figures_of_what_is_there(api: Any) -> None:
    add_zone(name="East", city="Bengaluru", boundary={"type": "Polygon", "coordinates": [BOX]})
    add_zone(
        name="Fort",
        city="Agra",
        boundary={"type": "Polygon", "coordinates": [[[78, 27], [79, 27], [79, 28], [78, 27]]]},
    )
    on_site("Fix the tap")
    application = make_application(on_site("Fix the roof"))
    services.award(application=application, client=application.gig.client)
    answer = api().get("/api/zones")
    fort, east = answer.json()["data"]
    assert (fort["city"], fort["pendingRequests"], fort["coverage"]) == ("Agra", 0, None)
    assert (east["pendingRequests"], east["coverage"], east["activeProviders"]) == (1, 0.5, 0)
    assert east["avgResponseMinutes"] is None
    assert east["boundaries"] == {"north": 13.0, "south": 12.9, "east": 77.7, "west": 77.6}
    assert east["boundary"] == {"type": "Polygon", "coordinates": [BOX]}
    assert api().get("/api/zones", if_none_match=answer.headers["ETag"]).status_code == 304
