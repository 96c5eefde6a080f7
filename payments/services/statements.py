"""Statements of bank and payout account: taken in whole or again, every line once."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import Invalid
from payments.models import BankLine, PayoutBankLine
from payments.providers import gateway
from payments.providers.bank import StatementRow, fetch_statement
from payments.providers.gateway import StatementLine
from payments.services.second_person import require_finance

COLUMNS = ("date", "utr", "amount", "description")
MOST_ROWS = 50_000
OVERLAP = timedelta(days=2)


@transaction.atomic
def import_statement(*, text: str, operator: User) -> int:
    """Take in a bank's statement as CSV with the columns date, UTR, amount (in rupees, debits negative), description.

    How many lines are new; a line that was taken in before is passed over. All of the file or nothing.
    :raises Invalid: a row that cannot be read, by its number.
    """
    require_finance(operator)
    count = keep_bank_lines(read_statement(text), imported_by=operator)
    record_act(
        actor_id=operator.pk,
        action="import_bank_statement",
        target_type="bank_statement",
        target_id="csv",
        after={"new_lines": count},
    )
    return count


def read_statement(text: str) -> list[StatementRow]:
    """:raises Invalid: not such a file."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), restkey="more", strict=True)
    try:
        reader.fieldnames = [str(name).strip().lower() for name in reader.fieldnames or ()]
        if set(reader.fieldnames) != set(COLUMNS):
            raise Invalid(details={"file": [_("The columns are date, UTR, amount, description.")]})
        rows = [_read_row(number, row) for number, row in enumerate(reader, 2)]
    except csv.Error as error:
        raise Invalid(details={"file": [str(error)]}) from error
    if len(rows) > MOST_ROWS:
        raise Invalid(details={"file": [_("Too many rows for one file.")]})
    return rows


def _read_row(number: int, row: dict[str, str]) -> StatementRow:
    try:
        paise = Decimal(row["amount"].replace(",", "").strip()) * 100
        if not paise.is_finite() or paise != paise.to_integral_value() or not 0 < abs(paise) < 10**15:
            raise ValueError(row["amount"])
        if "more" in row:
            raise ValueError(row["more"])
        on = date.fromisoformat(row["date"].strip())
        return StatementRow(on, row["utr"].strip()[:60], int(paise), row["description"].strip()[:300])
    except (ValueError, InvalidOperation, AttributeError, TypeError) as error:
        raise Invalid(details={"file": [_("Row %(number)d cannot be read.") % {"number": number}]}) from error


@transaction.atomic
def keep_bank_lines(rows: Iterable[StatementRow], *, imported_by: User | None = None) -> int:
    """Keep the lines that are not there yet; two that are alike in one statement are two."""
    seen: Counter[StatementRow] = Counter()
    lines = []
    for row in rows:
        seen[row] += 1
        lines.append(
            BankLine(
                on=row.on,
                utr=row.utr,
                amount=row.amount,
                description=row.description,
                occurrence=seen[row],
                imported_by=imported_by,
            )
        )
    before = BankLine.objects.count()
    BankLine.objects.bulk_create(lines, batch_size=1000, ignore_conflicts=True)
    return BankLine.objects.count() - before


def fetch_bank_statement() -> int:
    """Take in what can be fetched of the bank's statement. Outside any transaction."""
    return keep_bank_lines(fetch_statement())


def fetch_payout_statement() -> int | None:
    """Take in what moved on the payout account since the last time; its balance, if nothing moved meanwhile."""
    latest = PayoutBankLine.objects.aggregate(latest=Max("made_at"))["latest"]
    since = int((latest - OVERLAP).timestamp()) if latest else 0
    before = gateway().payout_balance()
    skip = 0
    while page := gateway().payout_statement(since=since, skip=skip):
        PayoutBankLine.objects.bulk_create([_payout_line(line) for line in page], ignore_conflicts=True)
        skip += len(page)
    return before if gateway().payout_balance() == before else None


def _payout_line(line: StatementLine) -> PayoutBankLine:
    return PayoutBankLine(
        transaction_id=line.transaction_id,
        source_id=line.source_id,
        credit=line.credit,
        debit=line.debit,
        balance=line.balance,
        made_at=datetime.fromtimestamp(line.made_at, UTC),
    )
