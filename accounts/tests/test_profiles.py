"""Profiles: what completes them, and the gate before a role may act."""

import pytest

from accounts import services
from accounts.errors import AccountSuspended, EmailTaken, ProfileIncomplete, RoleRequired, SuspensionInvalid
from accounts.figures import FiguresRegistry, ProfileFigures
from accounts.models import DoerProfile, User
from accounts.tests.factories import make_client, make_doer, make_user
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent
from khidma.kernel.states import advance

pytestmark = pytest.mark.django_db


def events(name: str, user: User) -> int:
    return OutboxEvent.objects.filter(name=f"accounts.{name}", payload__user_id=str(user.pk)).count()


def test_complete_profiles_pass_the_gate() -> None:
    services.require_ready(user=make_client(), role="client")
    services.require_ready(user=make_doer(), role="doer")


@pytest.mark.parametrize("role", ["client", "doer"])
def test_who_has_only_a_phone_is_told_what_is_missing(role: str) -> None:
    with pytest.raises(ProfileIncomplete) as refusal:
        services.require_ready(user=make_user(), role=role)
    assert {"name", "email", "roles"} <= set(refusal.value.details["missing"])


def test_a_doer_without_studies_is_told_which_fields() -> None:
    user = services.update_profile(user=make_user(), name="Ravi", email="ravi@example.in", roles=["doer"], year=2)
    with pytest.raises(ProfileIncomplete) as refusal:
        services.require_ready(user=user, role="doer")
    assert refusal.value.details["missing"] == ["university", "course", "graduationYear"]
    assert not services.is_profile_complete(user)


def test_an_approved_working_profile_stands_in_for_studies() -> None:
    user = services.update_profile(user=make_user(), name="Ravi", email="ravi@example.in", roles=["doer"])
    profile = DoerProfile.objects.get(user=user)
    advance(profile, "apply", by=user, role="doer")
    assert not services.is_profile_complete(user)

    advance(profile, "approve", by=None, role="operator")

    assert services.is_profile_complete(user)
    services.require_ready(user=user, role="doer")


def test_a_client_made_by_an_operator_needs_no_e_mail() -> None:
    user = services.update_profile(user=make_user(), name="Asha", roles=["client"])
    assert not services.is_profile_complete(user)
    user.made_by_operator = True
    assert services.is_profile_complete(user)


def test_the_other_role_is_not_enough() -> None:
    for user, role in ((make_client(), "doer"), (make_doer(), "client")):
        with pytest.raises(RoleRequired) as refusal:
            services.require_ready(user=user, role=role)
        assert refusal.value.details == {"role": role}


def test_a_suspension_comes_before_everything_else() -> None:
    user = services.suspend_user(user=make_user(), reason="Fraud")
    with pytest.raises(AccountSuspended) as refusal:
        services.require_ready(user=user, role="client")
    assert refusal.value.details == {"reason": "Fraud", "until": None}


def test_a_suspension_is_made_once_lifted_once_and_announced() -> None:
    user = services.suspend_user(user=make_client(), reason="Fraud")
    with pytest.raises(SuspensionInvalid):
        services.suspend_user(user=user, reason="Again")
    user.refresh_from_db()
    assert user.suspension_reason == "Fraud"

    user = services.unsuspend_user(user=user)
    with pytest.raises(SuspensionInvalid):
        services.unsuspend_user(user=user)

    assert not user.is_suspended
    assert (events("UserSuspended", user), events("UserUnsuspended", user)) == (1, 1)


def test_completing_and_changing_roles_is_announced_once_each() -> None:
    user = make_client()
    assert (events("ProfileCompleted", user), events("RolesChanged", user)) == (1, 1)

    services.update_profile(user=user, name="Other", roles=["client"])

    assert (events("ProfileCompleted", user), events("RolesChanged", user)) == (1, 1)


def test_a_taken_e_mail_changes_nothing() -> None:
    owner, other = make_client(), make_client()
    with pytest.raises(EmailTaken):
        services.update_profile(user=other, email=owner.email, name="Other", roles=["doer"])
    stored = User.objects.get(pk=other.pk)
    assert (stored.name, stored.roles, stored.email) == ("Asha Rao", ["client"], other.email)
    assert events("RolesChanged", other) == 1


def test_only_own_fields_can_be_changed_by_this_service() -> None:
    user = make_client()
    with pytest.raises(TypeError):
        services.update_profile(user=user, is_staff=True)
    assert not User.objects.get(pk=user.pk).is_staff


def test_finished_gigs_and_ratings_are_written_down() -> None:
    user = make_doer()
    services.record_completed_gig(user_id=user.pk)
    services.record_completed_gig(user_id=user.pk)
    services.record_rating(user_id=user.pk, rating=4.666, rating_count=3)
    user.refresh_from_db()
    assert (user.completed_gigs, float(user.rating), user.rating_count) == (2, 4.67, 3)


def test_figures_come_from_whoever_registered_and_are_empty_before() -> None:
    registry, user_id = FiguresRegistry(), new_id()
    assert registry.of(user_id) == ProfileFigures()
    registry.register(lambda asked: ProfileFigures(wallet_balance=5 if asked == user_id else 0))
    assert registry.of(user_id).wallet_balance == 5
