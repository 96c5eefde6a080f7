"""Days on which India's banks work: no Sundays, no second and fourth Saturday of a month, no holidays."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from payments.models import BankHoliday

INDIA = ZoneInfo("Asia/Kolkata")
SATURDAY, SUNDAY = 5, 6


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Whether banks work on this day."""
    if day in holidays or day.weekday() == SUNDAY:
        return False
    return day.weekday() != SATURDAY or (day.day - 1) // 7 not in (1, 3)


def working_days_before(moment: datetime, days: int) -> datetime:
    """The first moment of the working day so many working days before the one of `moment`, in India."""
    today = moment.astimezone(INDIA).date()
    holidays = set(
        BankHoliday.objects.filter(day__lte=today, day__gt=today - timedelta(days=days + 60)).values_list(
            "day", flat=True
        )
    )
    day = today
    while days:
        day -= timedelta(days=1)
        days -= is_working_day(day, holidays)
    return datetime.combine(day, time.min, INDIA)
