"""Settlements: booked once, their reports read line by line, and by these lines what is settled and what it cost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction
from django.db.models import Max

from khidma.kernel.clock import Now, now
from khidma.kernel.states import lock
from payments.models import AccountKind, Capture, Settlement, SettlementLine, TransferKind
from payments.providers import gateway
from payments.providers.gateway import GatewaySaidNo, GatewaySilent, ReportLine, SettlementSighting
from payments.services.capturing import book_fee
from payments.services.posting import credit, debit, post
from payments.services.watching import next_look

log = structlog.get_logger(__name__)

INDIA = ZoneInfo("Asia/Kolkata")
LOOK_BACK = timedelta(days=14)
"""A settlement that failed is tried again for days; older ones were seen by an earlier look."""

DAYS_OF_REPORT = 3
"""A report may be filed under the day after that of its settlement."""

MARK_CAPTURES = """
UPDATE payments_capture AS capture SET settlement_id = settlement.id, settled_at = settlement.settled_at
  FROM payments_settlementline AS line JOIN payments_settlement AS settlement ON settlement.id = line.settlement_id
 WHERE settlement.id = %s AND line.kind = 'payment' AND capture.gateway_payment_id = line.entity_id
   AND capture.settlement_id IS NULL
"""


def record_settlement(*, sighting: SettlementSighting) -> Settlement | None:
    """Book what the gateway has paid to our bank, once; one that is not processed is nothing yet."""
    if sighting.status != "processed" or sighting.amount <= 0:
        return None
    with transaction.atomic():
        settled_at = datetime.fromtimestamp(sighting.settled_at, UTC)
        settlement, is_new = Settlement.objects.get_or_create(
            gateway_settlement_id=sighting.settlement_id,
            defaults={"amount": sighting.amount, "utr": sighting.utr, "settled_at": settled_at},
        )
        if is_new:
            _post(settlement)
        elif (settlement.amount, settlement.utr) != (sighting.amount, sighting.utr):
            log.critical("settlement_differs", settlement_id=sighting.settlement_id, theirs=sighting.amount)
        return settlement


def _post(settlement: Settlement) -> None:
    post(
        key=f"settlement:{settlement.gateway_settlement_id}",
        kind=TransferKind.SETTLEMENT,
        reference=settlement.pk,
        entries=[debit(AccountKind.BANK, settlement.amount), credit(AccountKind.GATEWAY, settlement.amount)],
        note=settlement.utr,
    )


def look_for_settlements() -> int:
    """Ask the gateway for settlements of which no event has told us; how many are new. Outside any transaction."""
    latest = Settlement.objects.aggregate(latest=Max("settled_at"))["latest"] or now()
    since, known = int((latest - LOOK_BACK).timestamp()), Settlement.objects.count()
    skip = 0
    while sightings := gateway().settlements(since=since, skip=skip):
        for sighting in sightings:
            record_settlement(sighting=sighting)
        skip += len(sightings)
    return Settlement.objects.count() - known


def read_report(*, settlement_id: UUID) -> None:
    """Read the lines of a settlement and keep them; again later, if the gateway has them not all. No transaction."""
    settlement = Settlement.objects.get(pk=settlement_id)
    try:
        lines = _fetch_lines(settlement)
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("report_unread", settlement_id=settlement.gateway_settlement_id, error=str(error))
        lines = []
    keep_lines(settlement=settlement, lines=lines)


def _fetch_lines(settlement: Settlement) -> list[ReportLine]:
    """Day by day until they make up the settlement; all that there are, if they never do."""
    day = settlement.settled_at.astimezone(INDIA).date()
    found: list[ReportLine] = []
    for offset in range(DAYS_OF_REPORT):
        skip = 0
        while page := gateway().report_lines(day + timedelta(days=offset), skip=skip):
            found += [line for line in page if line.settlement_id == settlement.gateway_settlement_id]
            skip += len(page)
        if found and sum(line.credit - line.debit for line in found) == settlement.amount:
            break
    return found


@transaction.atomic
def keep_lines(*, settlement: Settlement, lines: list[ReportLine]) -> Settlement:
    """Keep a settlement's report as the gateway gives it now, and mark what it settles.

    A report that does not add up is asked for again, and meanwhile shown by the reconciliation.
    """
    settlement = lock(settlement)
    is_whole = sum(line.credit - line.debit for line in lines) == settlement.amount
    if lines:
        settlement.lines.all().delete()
        SettlementLine.objects.bulk_create(
            [_line(settlement, number, line) for number, line in enumerate(lines, 1)], batch_size=1000
        )
        settlement.lines_read_at = now()
        _mark(settlement)
    settlement.look_at = None if is_whole else now() + next_look(settlement.looks)
    settlement.looks += 1
    settlement.save(update_fields=["lines_read_at", "look_at", "looks"])
    return settlement


def _line(settlement: Settlement, number: int, line: ReportLine) -> SettlementLine:
    return SettlementLine(
        settlement=settlement,
        number=number,
        kind=line.kind,
        entity_id=line.entity_id,
        payment_id=line.payment_id,
        dispute_id=line.dispute_id,
        amount=line.amount,
        fee=line.fee,
        tax=line.tax,
        debit=line.debit,
        credit=line.credit,
        currency=line.currency,
    )


def _mark(settlement: Settlement) -> None:
    """Which captures it settles, and the fees that nobody told us before."""
    with connection.cursor() as cursor:
        cursor.execute(MARK_CAPTURES, [settlement.pk])
    unknown = Capture.objects.filter(settlement=settlement, fee=None).in_bulk(field_name="gateway_payment_id")
    for line in settlement.lines.filter(kind="payment", entity_id__in=unknown, fee__gt=0):
        book_fee(lock(unknown[line.entity_id]), fee=line.fee, tax=line.tax)


def reports_due() -> list[UUID]:
    """Settlements whose report is to be read, or read again."""
    return list(Settlement.objects.filter(look_at__lte=Now()).order_by("look_at").values_list("pk", flat=True)[:100])
