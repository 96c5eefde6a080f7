"""The devices of a user that pushes go to."""

from django.db import transaction

from accounts.models import User
from notifications.models import PushToken


@transaction.atomic
def register_push_token(*, user: User, token: str, platform: str, device_id: str = "") -> PushToken:
    """Send this user's pushes to this device from now on; the same token again moves it here."""
    found, _ = PushToken.objects.update_or_create(
        token=token, defaults={"user": user, "platform": platform, "device_id": device_id}
    )
    return found


def remove_push_token(*, push_token: PushToken) -> None:
    """Send nothing there any more."""
    push_token.delete()
