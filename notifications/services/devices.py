"""The devices of a user that pushes go to."""

from django.db import transaction

from accounts.models import Session, User
from notifications.models import PushToken

MOST_DEVICES = 20
"""Of one user; one more takes the place of the oldest."""


@transaction.atomic
def register_push_token(
    *, user: User, token: str, platform: str, device_id: str = "", session: Session | None = None
) -> PushToken:
    """Send this user's pushes to this device until the session ends; the same token again moves it here."""
    found, _ = PushToken.objects.update_or_create(
        token=token, defaults={"user": user, "platform": platform, "device_id": device_id, "session": session}
    )
    others = PushToken.objects.filter(user=user).exclude(pk=found.pk).order_by("-id")
    PushToken.objects.filter(pk__in=others.values("pk")[MOST_DEVICES - 1 :]).delete()
    return found


def remove_push_token(*, push_token: PushToken) -> None:
    """Send nothing there any more."""
    push_token.delete()
