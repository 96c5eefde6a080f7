"""Files of gigs and applications: whose may be attached, who sees them, and at what price."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_client, make_doer, make_operator
from gigs import services
from gigs.models import Gig
from gigs.tests.factories import make_application, make_category, make_gig
from gigs.tests.test_flow import gig_body
from khidma.media.models import Attachment
from khidma.media.tests.factories import make_file

pytestmark = pytest.mark.django_db


def test_a_gig_shows_its_files_and_lets_everybody_download_them(api: Any) -> None:
    make_category("design")
    client = make_client()
    files = [make_file(client, "image"), make_file(client)]
    answer = api(client).post("/api/gigs", gig_body(attachments=[str(file.pk) for file in files]))
    assert answer.status_code == 201, answer.content
    shown = answer.json()["data"]["attachments"]
    assert [file["id"] for file in shown] == [str(file.pk) for file in files]
    record = api(make_doer()).get(f"/api/media/{files[0].pk}").json()["data"]
    assert {**shown[0], "url": ""} == {**record, "url": ""}
    (public,) = [gig for gig in api().get("/api/gigs").json()["data"] if gig["attachments"]]
    assert public["attachments"][1]["url"].startswith("http://127.0.0.1:8000/api/media/")


def test_a_draft_keeps_its_files_to_its_owner(api: Any) -> None:
    client = make_client()
    file = make_file(client)
    gig = make_gig(client, status="draft", attachments=[file.pk])
    assert api(make_doer()).get(f"/api/media/{file.pk}").status_code == 404
    services.change_gig(gig=gig, client=client, status="open")
    assert api(make_doer()).get(f"/api/media/{file.pk}").status_code == 200


def test_files_of_a_gig_are_exchanged_and_those_not_named_stay(api: Any) -> None:
    client = make_client()
    one, two = make_file(client), make_file(client)
    gig = make_gig(client, attachments=[one.pk])
    caller, address = api(client), f"/api/gigs/{gig.pk}"
    assert len(caller.patch(address, {"title": "Another good title"}).json()["data"]["attachments"]) == 1
    changed = caller.patch(address, {"attachments": [str(two.pk), str(one.pk)]}).json()["data"]
    assert [file["id"] for file in changed["attachments"]] == [str(two.pk), str(one.pk)]
    assert caller.patch(address, {"attachments": []}).json()["data"]["attachments"] == []


def test_nobody_attaches_what_is_not_theirs(api: Any) -> None:
    make_category("design")
    client, foreign = make_client(), make_file(make_doer())
    answer = api(client).post("/api/gigs", gig_body(attachments=[str(foreign.pk)]))
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["attachments"])
    assert not Gig.objects.exists()
    gig, doer = make_gig(), make_doer()
    letter = {"coverLetter": "I have done this kind of work for years.", "proposedAmount": 250_000}
    answer = api(doer).post(f"/api/gigs/{gig.pk}/applications", {**letter, "attachments": [str(make_file(client).pk)]})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["attachments"])
    assert not Attachment.objects.exists()


def test_files_of_an_application_are_for_its_two_sides_and_operators(api: Any) -> None:
    doer = make_doer()
    file, more = make_file(doer), make_file(doer)
    application = make_application(doer=doer, attachments=[file.pk])
    address = f"/api/applications/{application.pk}"
    (shown,) = api(application.gig.client).get(address).json()["data"]["attachments"]
    assert shown["id"] == str(file.pk)
    statuses = {
        person: api(user).get(f"/api/media/{file.pk}").status_code
        for person, user in {
            "doer": doer,
            "client": application.gig.client,
            "stranger": make_doer(),
            "trust": make_operator("trust"),
            "support": make_operator("support"),
            "finance": make_operator("finance"),
        }.items()
    }
    assert statuses == {"doer": 200, "client": 200, "stranger": 404, "trust": 200, "support": 200, "finance": 404}
    body = {"coverLetter": "I have done this kind of work for years.", "attachments": [str(more.pk)]}
    (changed,) = api(doer).patch(address, body).json()["data"]["attachments"]
    assert changed["id"] == str(more.pk)
    assert api(application.gig.client).get(f"/api/media/{file.pk}").status_code == 404


@pytest.mark.parametrize("address", ["/api/gigs", "/api/applications"])
def test_a_list_asks_for_files_no_more_often_when_there_are_more(api: Any, address: str) -> None:
    doer = make_doer()
    caller = api(doer)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert caller.get(address).status_code == 200
        return len(queries)

    def one_more() -> None:
        client = make_client()
        gig = make_gig(client, attachments=[make_file(client).pk, make_file(client).pk])
        make_application(gig, doer, attachments=[make_file(doer).pk])

    one_more()
    first = asked()
    one_more()
    one_more()
    assert asked() == first
