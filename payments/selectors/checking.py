"""Does the ledger hold together, and does it say the same as the gateway's own book?"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from payments.models import Account, AccountKind
from payments.models.ledger import NEVER_NEGATIVE_KINDS

WRONG_BALANCES = """
SELECT account.kind, account.owner_id, account.balance,
       coalesce(sum(entry.amount), 0) * CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END AS entries
  FROM payments_account AS account LEFT JOIN payments_entry AS entry ON entry.account_id = account.id
 GROUP BY account.id
HAVING account.balance <> coalesce(sum(entry.amount), 0) * CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
"""
WRONG_TRANSFERS = """
SELECT transfer.key
  FROM payments_transfer AS transfer LEFT JOIN payments_entry AS entry ON entry.transfer_id = transfer.id
 GROUP BY transfer.id HAVING coalesce(sum(entry.amount), 0) <> 0 OR count(entry.id) <> transfer.entry_count
"""
TOTALS = """
SELECT kind, normal_side, count(*), sum(balance) FROM payments_account GROUP BY kind, normal_side ORDER BY kind
"""


WRONG_RETURNS = """
SELECT back.id, back.amount, coalesce(-sum(entry.amount), 0)
  FROM payments_return AS back
  LEFT JOIN payments_transfer AS transfer ON transfer.key = 'return:' || back.id
  LEFT JOIN payments_entry AS entry ON entry.transfer_id = transfer.id AND entry.amount < 0
 GROUP BY back.id HAVING back.amount <> coalesce(-sum(entry.amount), 0)
"""
TOO_MUCH_RETURNED = """
SELECT escrow.reference, sum(back.amount), escrow.payee_gross
  FROM payments_return AS back JOIN payments_escrow AS escrow ON escrow.id = back.escrow_id
 GROUP BY escrow.id HAVING sum(back.amount) > coalesce(escrow.payee_gross, 0)
"""
WRONG_CHARGEBACKS = """
SELECT dispute.gateway_dispute_id, dispute.phase, coalesce(account.balance, 0), due.amount
  FROM payments_chargeback AS dispute
 CROSS JOIN LATERAL (
     SELECT CASE WHEN dispute.status IN ('open', 'under_review') THEN dispute.taken ELSE 0 END
 ) AS due(amount)
  LEFT JOIN payments_account AS account ON account.id = payments_account_id('chargeback', dispute.id)
 WHERE coalesce(account.balance, 0) <> due.amount
"""


@dataclass(frozen=True)
class KindTotal:
    """All accounts of one kind together, in paise on their normal side."""

    kind: str
    normal_side: str
    accounts: int
    balance: int


@dataclass(frozen=True)
class LedgerReport:
    """The state of the books; `faults` are sentences, and there are none where all is well."""

    totals: list[KindTotal]
    faults: list[str]

    @property
    def is_sound(self) -> bool:
        return not self.faults

    def total(self, kind: AccountKind) -> int:
        """What all accounts of this kind hold."""
        return sum(total.balance for total in self.totals if total.kind == kind)


def check_ledger() -> LedgerReport:
    """Add everything up anew: transfers, balances, debits against credits, and who may not be below zero."""
    totals = [KindTotal(kind, side, accounts, int(balance)) for kind, side, accounts, balance in _rows(TOTALS)]
    faults = [
        f"{kind} {owner or ''} says {balance}, its entries say {entries}"
        for kind, owner, balance, entries in _rows(WRONG_BALANCES)
    ]
    faults += [f"transfer {key} does not balance" for (key,) in _rows(WRONG_TRANSFERS)]
    faults += [f"return {back} is of {amount}, {posted} was posted" for back, amount, posted in _rows(WRONG_RETURNS)]
    faults += [
        f"{returned} of what was released of {reference} went back, which is {gross}"
        for reference, returned, gross in _rows(TOO_MUCH_RETURNED)
    ]
    faults += [
        f"chargeback {dispute} ({phase}) holds {held}, and should hold {due}"
        for dispute, phase, held, due in _rows(WRONG_CHARGEBACKS)
    ]
    below = Account.objects.filter(kind__in=NEVER_NEGATIVE_KINDS, balance__lt=0)
    faults += [f"{account} is below zero: {account.balance}" for account in below]
    debits, credits = (
        sum(total.balance for total in totals if total.normal_side == side) for side in ("debit", "credit")
    )
    if debits != credits:
        faults.append(f"debits are {debits}, credits are {credits}")
    return LedgerReport(totals=totals, faults=faults)


def compare_with_gateway(book: dict[str, Any], report: LedgerReport) -> list[str]:
    """What the gateway's book (the stand-in's `/_sandbox/ledger`) says otherwise. It takes money out when a refund,
    payout or check begins, we when it is done, so what is under way there is added back."""
    theirs_gateway = book["balances"]["gateway"] + book["totals"]["refunds_in_flight"]
    under_way = [payout for payout in book["payouts"] if payout["status"] == "processing"]
    checks = [check for check in book["validations"] if check["status"] == "created"]
    theirs_payout = (
        book["balances"]["payout"]
        + sum(payout["amount"] + payout["fees"] for payout in under_way)
        + sum(check["amount"] for check in checks)
    )
    pairs = [
        ("gateway", report.total(AccountKind.GATEWAY), theirs_gateway),
        ("payout account", report.total(AccountKind.PAYOUT_BANK), theirs_payout),
    ]
    return [f"{name}: ours {ours}, theirs {theirs}" for name, ours, theirs in pairs if ours != theirs]


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
