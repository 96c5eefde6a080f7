"""What a doer earned, awaits and was paid over a period."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from orders.models import CancellationPart
from orders.states import OrderStatus
from payments import services as payments
from payments.models import Escrow, Payout, Return
from payments.states import EscrowStatus, PayoutStatus

TRUNCATE = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
DEFAULT_DAYS = {"day": 30, "week": 84, "month": 365}
MOST_DAYS = 366 * 5
AT_WORK = (OrderStatus.IN_PROGRESS, OrderStatus.SUBMITTED, OrderStatus.APPROVED, OrderStatus.DISPUTED)


@dataclass(frozen=True)
class Period:
    """A day, week (named by its Monday) or month, and what was earned in it."""

    period: str
    amount: int


@dataclass(frozen=True)
class Earnings:
    """A doer's figures, in paise: earned, done and paid out within the period; at work and awaited as of now."""

    total: int
    completed_orders: int
    in_progress_orders: int
    pending_release: int
    paid_out: int
    series: list[Period]


def earnings_of(doer: User, *, since: date | None = None, until: date | None = None, group_by: str = "day") -> Earnings:
    """The doer's figures for these days (both included) in the house's time zone; the last ones if none are named.

    :raises Invalid: the days are the wrong way round, or too many.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    until = until or now().astimezone(zone).date()
    since = since or until - timedelta(days=DEFAULT_DAYS[group_by] - 1)
    _require_sane(since, until)
    span = (datetime.combine(since, time.min, zone), datetime.combine(until + timedelta(days=1), time.min, zone))
    earned = _earned(doer, span, group_by, zone)
    counts = doer.orders_as_doer.aggregate(
        completed=Count("id", filter=Q(completed_at__gte=span[0], completed_at__lt=span[1])),
        at_work=Count("id", filter=Q(status__in=AT_WORK)),
    )
    return Earnings(
        total=sum(earned.values()),
        completed_orders=counts["completed"],
        in_progress_orders=counts["at_work"],
        pending_release=_awaited(doer),
        paid_out=_paid_out(doer, span),
        series=[Period(_name(start, group_by), earned.get(start, 0)) for start in _starts(since, until, group_by)],
    )


def _require_sane(since: date, until: date) -> None:
    if since > until:
        raise Invalid(details={"from": [str(_("Must not be after the last day."))]})
    if (until - since).days > MOST_DAYS:
        raise Invalid(details={"from": [str(_("The period is too long."))]})


def _earned(doer: User, span: tuple[datetime, datetime], group_by: str, zone: ZoneInfo) -> dict[date, int]:
    """What was earned less what had to be given back, by the first day of each period in which that was."""
    decided = Escrow.objects.filter(payee=doer, decided_at__gte=span[0], decided_at__lt=span[1])
    grouped = decided.annotate(start=TRUNCATE[group_by]("decided_at", tzinfo=zone)).values("start")
    earned = Counter({row["start"].date(): row["earned"] for row in grouped.annotate(earned=Sum("payee_net"))})
    returns = Return.objects.filter(escrow__payee=doer, created_at__gte=span[0], created_at__lt=span[1])
    losses = returns.annotate(start=TRUNCATE[group_by]("created_at", tzinfo=zone)).values("start")
    earned.subtract({row["start"].date(): row["lost"] for row in losses.annotate(lost=Sum(F("taken") + F("owed")))})
    return earned


def _awaited(doer: User) -> int:
    """The doer's share of what is in escrow, at the rates of today; of a cancelled order, what that leaves him."""
    funded = list(Escrow.objects.filter(payee=doer, status=EscrowStatus.FUNDED))
    parts = CancellationPart.objects.filter(
        cancellation__isnull=False, reference__in=[escrow.reference for escrow in funded]
    )
    left = dict(parts.values_list("reference", "doer_gross"))
    gross = {escrow.pk: left[escrow.reference] for escrow in funded if escrow.reference in left}
    return sum(shares.payee_net for shares in payments.shares_of_each(funded, payee_gross=gross).values())


def _paid_out(doer: User, span: tuple[datetime, datetime]) -> int:
    sent = Payout.objects.filter(user=doer, refund=None, status=PayoutStatus.PROCESSED)
    return sent.filter(processed_at__gte=span[0], processed_at__lt=span[1]).aggregate(paid=Sum("amount"))["paid"] or 0


def _starts(since: date, until: date, group_by: str) -> Iterator[date]:
    """The first day of each period that has a day among these."""
    start = _start_of(since, group_by)
    while start <= until:
        yield start
        start = _start_of(start + timedelta(days={"day": 1, "week": 7, "month": 31}[group_by]), group_by)


def _start_of(day: date, group_by: str) -> date:
    if group_by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if group_by == "week" else day


def _name(start: date, group_by: str) -> str:
    return start.strftime("%Y-%m") if group_by == "month" else start.isoformat()
