"""Profiles and blocks, over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts import services
from accounts.models import Block, DoerProfile, User
from accounts.tests.factories import make_client, make_doer, make_operator, make_user
from khidma.kernel.clock import now
from khidma.kernel.models import OutboxEvent

pytestmark = pytest.mark.django_db

Api = Callable[..., Any]
PUBLIC_FIELDS = {
    "id", "name", "avatarUrl", "bio", "university", "course", "year", "roles", "idVerified", "rating", "ratingCount",
    "completedGigs", "trustScore", "badges", "createdAt",
}  # fmt: skip
STUDENT = {"university": "IIT Delhi", "course": "B.Tech.", "year": 3, "graduationYear": 2027}


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def stored(user: User) -> dict[str, Any]:
    return dict(User.objects.filter(pk=user.pk).values().get())


def test_name_e_mail_and_a_role_complete_a_clients_profile(api: Api) -> None:
    user = make_user()
    caller = api(user)

    half = caller.patch("/api/users/me", {"name": "Asha Rao", "roles": ["client"]})
    assert half.json()["data"]["profileComplete"] is False
    whole = caller.patch("/api/users/me", {"email": "Asha@Example.in"})

    assert (whole.status_code, whole.json()["data"]["profileComplete"]) == (200, True)
    assert whole.json()["data"]["email"] == "asha@example.in"
    assert OutboxEvent.objects.filter(name="accounts.ProfileCompleted", payload__user_id=str(user.pk)).count() == 1


def test_a_doer_needs_their_studies_too(api: Api) -> None:
    caller = api(make_user())
    basic = {"name": "Ravi Kumar", "email": "ravi@example.in", "roles": ["doer"]}
    assert caller.patch("/api/users/me", basic).json()["data"]["profileComplete"] is False

    whole = caller.patch("/api/users/me", STUDENT)

    assert whole.json()["data"]["profileComplete"] is True
    assert {name: whole.json()["data"][name] for name in STUDENT} == STUDENT


def test_both_roles_can_be_held_and_one_given_up(api: Api) -> None:
    user = make_doer()
    caller = api(user)
    both = caller.patch("/api/users/me", {"roles": ["client", "doer"]})
    assert both.json()["data"]["roles"] == ["doer", "client"]
    assert DoerProfile.objects.filter(user=user).count() == 1

    one = caller.patch("/api/users/me", {"roles": ["client"]})
    assert one.json()["data"]["roles"] == ["client"]
    assert caller.get("/api/users/me").json()["data"]["roles"] == ["client"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": 5}, {"name": None}, {"name": "x" * 121}, {"email": "no e-mail"}, {"email": None},
        {"year": 0}, {"year": 6}, {"year": True}, {"year": 1.0}, {"year": "3"}, {"graduationYear": 1},
        {"bio": "x" * 501},
        {"roles": []}, {"roles": ["operator"]}, {"roles": "client"}, {"roles": ["client", "client"]},
        {"avatarUrl": "http://example.in/a.png"}, {"avatarUrl": "javascript:alert(1)"}, {"isStaff": True},
        {"rating": 5}, {"walletBalance": 100}, {"phone": "+919000000001"}, {"trustScore": 100}, {"id": str(uuid4())},
        [], "text", 5,
    ],
)  # fmt: skip
def test_a_bad_body_is_400_and_changes_nothing(api: Api, body: Any) -> None:
    user = make_client()
    before = stored(user)
    answer = api(user).patch("/api/users/me", body)
    assert answer.status_code == 400
    assert {**stored(user), "last_active_at": None} == {**before, "last_active_at": None}


def test_an_e_mail_belongs_to_one_account_whatever_its_case(api: Api) -> None:
    owner, other = make_client(), make_client()
    assert owner.email
    before = stored(other)

    answer = api(other).patch("/api/users/me", {"email": owner.email.upper(), "name": "Other"})

    assert error_of(answer) == (409, "email_taken")
    assert {**stored(other), "last_active_at": None} == {**before, "last_active_at": None}


def test_a_new_e_mail_has_to_be_confirmed_again(api: Api) -> None:
    user = make_client()
    User.objects.filter(pk=user.pk).update(email_verified_at=now())
    caller = api(user)
    assert caller.patch("/api/users/me", {"email": user.email}).json()["data"]["emailVerified"] is True
    assert caller.patch("/api/users/me", {"email": "new@example.in"}).json()["data"]["emailVerified"] is False


def test_a_suspended_user_reads_and_logs_out_but_changes_nothing(api: Api) -> None:
    user = make_client()
    services.suspend_user(user=user, reason="Fraud", until=now() + timedelta(days=1))
    caller = api(user)

    answer = caller.patch("/api/users/me", {"name": "Other"})

    assert error_of(answer) == (403, "account_suspended")
    assert answer.json()["error"]["details"]["reason"] == "Fraud"
    assert caller.get("/api/users/me").json()["data"]["name"] == "Asha Rao"
    assert caller.post("/api/auth/logout").status_code == 200


def test_a_suspension_that_has_passed_binds_nobody(api: Api) -> None:
    user = make_client()
    past = now() - timedelta(days=1)
    User.objects.filter(pk=user.pk).update(suspended_at=past - timedelta(days=1), suspended_until=past)
    assert api(user).patch("/api/users/me", {"name": "Other"}).status_code == 200


def test_a_public_profile_holds_nothing_private(api: Api) -> None:
    doer = make_doer()
    User.objects.filter(pk=doer.pk).update(badges=["first-gig"], rating="4.50")
    for caller in (api(), api(make_client()), api(doer)):
        answer = caller.get(f"/api/users/{doer.pk}")
        assert answer.status_code == 200
        assert set(answer.json()["data"]) == PUBLIC_FIELDS
        assert answer.json()["data"]["rating"] == 4.5
        assert answer.json()["data"]["badges"] == [{"id": "first-gig", "name": "First gig done", "icon": "flag"}]
        assert doer.phone not in answer.content.decode()
        assert doer.email not in answer.content.decode()


def test_operators_closed_accounts_and_nobody_have_no_public_profile(api: Api) -> None:
    closed = make_doer()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    for user_id in (make_operator("support").pk, closed.pk, uuid4(), "me2", "0"):
        assert error_of(api().get(f"/api/users/{user_id}")) == (404, "not_found")


def test_blocking_twice_is_blocking_once_and_unblocking_takes_it_back(api: Api) -> None:
    user, other = make_client(), make_doer()
    caller = api(user)

    assert caller.post(f"/api/users/{other.pk}/block").status_code == 200
    assert caller.post(f"/api/users/{other.pk}/block").status_code == 200
    blocked = caller.get("/api/users/me/blocks").json()
    assert [row["id"] for row in blocked["data"]] == [str(other.pk)]
    assert api(other).get("/api/users/me/blocks").json()["data"] == []
    assert OutboxEvent.objects.filter(name="accounts.UserBlocked").count() == 1

    assert caller.delete(f"/api/users/{other.pk}/block").status_code == 204
    assert caller.get("/api/users/me/blocks").json()["pagination"]["total"] == 0


def test_nobody_blocks_themselves_or_nobody(api: Api) -> None:
    user = make_client()
    assert error_of(api(user).post(f"/api/users/{user.pk}/block")) == (409, "cannot_block_yourself")
    assert error_of(api(user).post(f"/api/users/{uuid4()}/block")) == (404, "not_found")
    assert not Block.objects.exists()


def test_the_list_of_blocks_takes_as_many_queries_for_many(api: Api, django_assert_max_num_queries: Any) -> None:
    user = make_client()
    for _ in range(10):
        services.block_user(blocker=user, blocked=make_user())
    caller = api(user)
    with django_assert_max_num_queries(3):
        assert len(caller.get("/api/users/me/blocks").json()["data"]) == 10
