"""Profiles: completed and changed by their owner, and what must be there before a role may act."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from accounts.errors import AccountSuspended, EmailTaken, ProfileIncomplete, RoleRequired
from accounts.events import ProfileCompleted, RolesChanged
from accounts.models import DoerProfile, User
from accounts.states import DoerStatus
from khidma.http.fields import milliseconds
from khidma.http.text import camel
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import lock

STUDENT_FIELDS = ("university", "course", "year", "graduation_year")
OWN_FIELDS = frozenset({"name", "avatar_url", "bio", *STUDENT_FIELDS})


@transaction.atomic
def update_profile(
    *, user: User, email: str | None = None, roles: Collection[str] | None = None, **fields: Any
) -> User:
    """Change some of the user's own fields; a new e-mail has to be confirmed again.

    :raises AccountSuspended: nothing can be changed meanwhile.
    :raises EmailTaken: another account has it.
    """
    user = lock(user)
    require_active(user=user)
    if unknown := fields.keys() - OWN_FIELDS:
        raise TypeError(f"Not fields of an own profile: {sorted(unknown)}")
    for name, value in fields.items():
        setattr(user, name, value)
    if email is not None:
        _set_email(user, email)
    if roles is not None:
        _set_roles(user, roles)
    _save(user)
    _note_completion(user)
    return user


def _set_email(user: User, email: str) -> None:
    email = email.strip().lower()
    if email != user.email:
        user.email, user.email_verified_at = email, None


def _set_roles(user: User, roles: Collection[str]) -> None:
    before = user.roles
    user.is_client, user.is_doer = "client" in roles, "doer" in roles
    if user.is_doer:
        DoerProfile.objects.get_or_create(user=user)
    if user.roles != before:
        publish(RolesChanged(user_id=user.id, roles=user.roles))


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        if "email" in str(error):
            raise EmailTaken from error
        raise


def _note_completion(user: User) -> None:
    if user.profile_completed_at is None and is_profile_complete(user):
        user.profile_completed_at = now()
        user.save(update_fields=["profile_completed_at"])
        publish(ProfileCompleted(user_id=user.id))


def missing_fields(user: User, *, role: str) -> list[str]:
    """The fields, snake_case, that are still empty for this role."""
    needed = ["name"] if role == "client" and user.made_by_operator else ["name", "email"]
    missing = [name for name in needed if not getattr(user, name)]
    if role == "doer":
        studies = [name for name in STUDENT_FIELDS if not getattr(user, name)]
        if studies and not _has_approved_profile(user):
            missing += studies
    return missing


def is_profile_complete(user: User) -> bool:
    """Whether the user has a role, and all that each of the roles needs."""
    return bool(user.roles) and not any(missing_fields(user, role=role) for role in user.roles)


def require_active(*, user: User) -> None:
    """:raises AccountSuspended: with its reason and end."""
    if user.is_suspended:
        until = milliseconds(user.suspended_until) if user.suspended_until else None
        raise AccountSuspended(details={"reason": user.suspension_reason, "until": until})


def require_ready(*, user: User, role: str) -> None:
    """The gate before posting, applying and paying; `role` is client or doer.

    :raises AccountSuspended: suspended now.
    :raises ProfileIncomplete: no role chosen yet, or fields of this one are empty; `details.missing` names them.
    :raises RoleRequired: has the other role only.
    """
    require_active(user=user)
    if not user.roles:
        raise ProfileIncomplete(details={"missing": [*map(camel, missing_fields(user, role=role)), "roles"]})
    if role not in user.roles:
        raise RoleRequired(details={"role": role})
    if missing := missing_fields(user, role=role):
        raise ProfileIncomplete(details={"missing": [camel(name) for name in missing]})


def _has_approved_profile(user: User) -> bool:
    return DoerProfile.objects.filter(user=user, status=DoerStatus.APPROVED).exists()


def record_completed_gig(*, user_id: UUID) -> None:
    """One more gig done, written down in the caller's transaction."""
    User.objects.filter(pk=user_id).update(completed_gigs=F("completed_gigs") + 1)


def hold_doer_profile(*, user_id: UUID) -> bool:
    """Lock the doer's working profile, so that what is counted next is written down before anybody counts anew.
    False: there is none."""
    held = DoerProfile.objects.select_for_update(of=("self",), no_key=True).filter(user=user_id)
    return held.first() is not None


def record_completion_rate(*, user_id: UUID, rate: float | None) -> None:
    """The share of a doer's orders (0–1) that were not given up by the doer's fault; None while there are none."""
    DoerProfile.objects.filter(user=user_id).update(completion_rate=rate)


def record_rating(*, user_id: UUID, rating: float, rating_count: int) -> None:
    """The mean of a user's ratings (0–5) and how many there are, as whoever keeps the reviews worked them out."""
    User.objects.filter(pk=user_id).update(rating=round(rating, 2), rating_count=rating_count)


def lower_trust_score(*, user_id: UUID, points: int) -> None:
    """Take points off a user's trust score, never below 0, for whoever keeps count of what they did."""
    User.objects.filter(pk=user_id).update(trust_score=Greatest(F("trust_score") - points, 0))
