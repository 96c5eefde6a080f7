"""The nightly reconciliation: all books are read, compared, and every difference is kept until it is no more."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from prometheus_client import Gauge

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import now
from khidma.kernel.models import StateChange
from khidma.kernel.states import advance, lock
from payments.models import Difference, ReconciliationRun, Settlement
from payments.providers.gateway import GatewaySaidNo, GatewaySilent
from payments.runtime import PaymentSettings
from payments.selectors.comparing import Comparison, Found, compare_books
from payments.selectors.working_days import INDIA, working_days_before
from payments.services.second_person import require_finance
from payments.services.settling import look_for_settlements, read_report, reports_due
from payments.services.statements import fetch_bank_statement, fetch_payout_statement
from payments.states import DifferenceStatus

log = structlog.get_logger(__name__)

matched_share = Gauge(
    "khidma_reconciliation_matched_share",
    "Share of rupees that the last reconciliation found the same in all books.",
    multiprocess_mode="mostrecent",
)

LIVE = (DifferenceStatus.OPEN, DifferenceStatus.EXPLAINED)
SETTLED_FOR = timedelta(hours=1)
"""How long the payout account must have been quiet about a payout before it is compared."""
ONE_RUN_AT_A_TIME = 7_304_911_203
SHOWN = ("side", "ours", "theirs", "amount", "difference")


def reconcile(*, day: date | None = None) -> ReconciliationRun:
    """Read all books as of now and compare them as of the end of `day` (today). Outside any transaction."""
    today = now().astimezone(INDIA).date()
    run = ReconciliationRun.objects.create(day=day or today)
    if day is not None:
        _read_again(day)
    _collect(run)
    return compare(run=run, moment=_end_of(run.day) if run.day < today else now())


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, INDIA)


def _read_again(day: date) -> None:
    """The reports of that day, whole or not."""
    since = datetime.combine(day, time.min, INDIA)
    for pk in Settlement.objects.filter(settled_at__gte=since, settled_at__lt=_end_of(day)).values_list(
        "pk", flat=True
    ):
        read_report(settlement_id=pk)


def _collect(run: ReconciliationRun) -> None:
    """Ask everybody for their books; who does not answer is named, and compared as last known."""
    unread = [
        name
        for name, ask in {
            "settlements": look_for_settlements,
            "reports": _read_reports,
            "bank": fetch_bank_statement,
            "payout account": lambda: _ask_payout_account(run),
        }.items()
        if not _answers(name, ask)
    ]
    run.unread = ", ".join(unread)
    run.save(update_fields=["unread", "payout_balance"])


def _answers(name: str, ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (GatewaySilent, GatewaySaidNo) as error:
        log.error("reconciliation_unread", book=name, error=str(error))
        return False
    return True


def _read_reports() -> None:
    for pk in reports_due():
        read_report(settlement_id=pk)


def _ask_payout_account(run: ReconciliationRun) -> None:
    run.payout_balance = fetch_payout_statement()


@transaction.atomic
def compare(*, run: ReconciliationRun, moment: datetime) -> ReconciliationRun:
    """Compare the books as they were read, and bring the list of differences up to it; one run at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL lock_timeout = '10min'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_RUN_AT_A_TIME])
    days = PaymentSettings.load().settlement_due_days
    books = compare_books(due_before=working_days_before(moment, days), settled_before=moment - SETTLED_FOR)
    run.lines, run.matched, run.compared = books.items, books.matched, books.compared
    run.found = _keep(run, books.differences)
    run.closed = _close(books)
    run.finished_at = now()
    run.save(update_fields=["lines", "matched", "compared", "found", "closed", "finished_at"])
    if run.matched_share is not None:
        matched_share.set(run.matched_share)
    if run.found:
        log.error("differences_found", day=str(run.day), found=run.found)
    return run


def _keep(run: ReconciliationRun, found: list[Found]) -> int:
    """New ones become rows, known ones are brought up to date; how many are new."""
    live = {(one.subject, one.reference): one for one in _lock_live()}
    _refresh(run, [(live[one.about], one) for one in found if one.about in live])
    fresh = [one for one in found if one.about not in live]
    accepted = _accepted(one.reference for one in fresh)
    made = [
        Difference(last_run=run, subject=one.subject, reference=one.reference, **_shown(one))
        for one in fresh
        if (*one.about, one.side, one.difference) not in accepted
    ]
    Difference.objects.bulk_create(made, batch_size=1000)
    StateChange.objects.bulk_create(
        [
            StateChange(
                subject_type=Difference.states.name,
                subject_id=one.pk,
                action="find",
                to_status=one.status,
                actor_role="system",
            )
            for one in made
        ],
        batch_size=1000,
    )
    return len(made)


def _lock_live() -> QuerySet[Difference]:
    """What is on the list, under its locks: whoever resolves one of them does it before, and it is not among them, or
    after."""
    live = Difference.objects.filter(status__in=LIVE)
    return live.select_for_update(of=("self",), no_key=True).order_by("id")


def _shown(one: Found) -> dict[str, object]:
    return {
        "side": one.side,
        "ours": one.ours[:120],
        "theirs": one.theirs[:120],
        "amount": one.amount,
        "difference": one.difference,
    }


def _refresh(run: ReconciliationRun, pairs: list[tuple[Difference, Found]]) -> None:
    for row, one in pairs:
        is_other = row.difference != one.difference or row.side != one.side
        for name, value in _shown(one).items():
            setattr(row, name, value)
        row.last_run = run
        if is_other and row.status == DifferenceStatus.EXPLAINED:  # what was explained was another figure
            advance(row, "reopen", by=None, role="system")
    Difference.objects.bulk_update([row for row, _ in pairs], [*SHOWN, "last_run"], batch_size=500)


def _accepted(references: Iterable[str]) -> set[tuple[str, str, str, int]]:
    """What operators have resolved at this very figure: it is not found again."""
    resolved = Difference.objects.filter(status=DifferenceStatus.RESOLVED, reference__in=list(references))
    return set(resolved.values_list("subject", "reference", "side", "difference"))


def _close(books: Comparison) -> int:
    """What the books agree on now is matched. What is not due any more, or could not be seen, stays as it is."""
    still = {one.about for one in (*books.differences, *books.not_due)}
    gone = [one for one in _lock_live() if (one.subject, one.reference) not in still]
    for one in gone:
        advance(one, "match", by=None, role="system", changes={"closed_at": now()})
    return len(gone)


@transaction.atomic
def assign_difference(*, difference: Difference, owner: User, operator: User) -> Difference:
    """Give a difference to an operator of finance. :raises Forbidden: one of them is not."""
    require_finance(operator)
    require_finance(owner)
    difference = lock(difference)
    before = difference.owner_id
    difference.owner = owner
    difference.save(update_fields=["owner"])
    _record("assign_difference", difference, operator, before={"owner": _text(before)}, after={"owner": str(owner.pk)})
    return difference


@transaction.atomic
def explain_difference(*, difference: Difference, note: str, operator: User) -> Difference:
    """Write down where it comes from; it stays on the list until the books agree or somebody resolves it."""
    require_finance(operator)
    difference = lock(difference)
    if difference.status == DifferenceStatus.OPEN:
        advance(difference, "explain", by=operator, role="operator", reason=note, changes={"note": note})
    else:
        difference.note = note
        difference.save(update_fields=["note"])
    _record("explain_difference", difference, operator, reason=note)
    return difference


@transaction.atomic
def resolve_difference(*, difference: Difference, reason: str, operator: User) -> Difference:
    """Take it off the list for a reason. It moves no money; at another figure it comes back.

    :raises InvalidTransition: it is closed.
    """
    require_finance(operator)
    difference = lock(difference)
    changes = {"note": reason, "closed_at": now()}
    advance(difference, "resolve", by=operator, role="operator", reason=reason, changes=changes)
    _record("resolve_difference", difference, operator, reason=reason)
    return difference


def _record(action: str, difference: Difference, operator: User, **facts: object) -> None:
    record_act(
        actor_id=operator.pk,
        action=action,
        target_type="difference",
        target_id=difference.pk,
        **facts,  # type: ignore[arg-type]
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def reconcile_at_night() -> ReconciliationRun | None:
    """Tonight's run, once its hour has come; none if it is done or not yet time."""
    moment = now().astimezone(INDIA)
    if moment.hour < PaymentSettings.load().reconcile_hour:
        return None
    if ReconciliationRun.objects.filter(day=moment.date(), finished_at__isnull=False).exists():
        return None
    return reconcile()
