"""What text messages of notifications may cost in a day."""

from zoneinfo import ZoneInfo

from django.db.models import F

from accounts.models import User
from khidma.kernel.clock import now
from notifications.models import SmsCount
from notifications.models.preferences import INDIA
from notifications.runtime import NotificationSettings


def take_sms(*, user: User) -> bool:
    """Count one text message to this person, within the caller's transaction; False where a cap is reached.

    The rows are taken in one order (the person's, then all's), and each by one conditional UPDATE: however many ask at
    once, no more than the cap get through.
    """
    caps = NotificationSettings.load()
    day = now().astimezone(ZoneInfo(INDIA)).date()
    SmsCount.objects.bulk_create([SmsCount(day=day, user=user), SmsCount(day=day, user=None)], ignore_conflicts=True)
    own, all_ = SmsCount.objects.filter(day=day, user=user), SmsCount.objects.filter(day=day, user=None)
    if not own.filter(count__lt=caps.sms_per_user_per_day).update(count=F("count") + 1):
        own.update(refused=F("refused") + 1)
        return False
    if not all_.filter(count__lt=caps.sms_per_day).update(count=F("count") + 1):
        own.update(count=F("count") - 1, refused=F("refused") + 1)
        all_.update(refused=F("refused") + 1)
        return False
    return True
