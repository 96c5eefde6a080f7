"""Requests with files. What dies between the row and the bytes leaves a row that says so, until it is swept."""

from accounts.tests.factories import make_client, make_doer
from khidma.media.tests import samples
from sandbox.testing import StandIn
from verify.idempotency.cases import Case, case

BEGUN = {"media_file", "kernel_state_change"}


@case("POST /api/media")
def upload(gateway: StandIn) -> Case:
    body = {"kind": "document", "file": samples.pdf()}
    return Case(make_client(), "/api/media", body, make_client(), comes_again=BEGUN)


@case("POST /api/users/me/id-document")
def hand_in_document(gateway: StandIn) -> Case:
    body = {"kind": "student_id", "file": samples.image()}
    return Case(make_doer(), "/api/users/me/id-document", body, make_doer(), comes_again=BEGUN)
