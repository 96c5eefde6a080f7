"""The books once more, in plain Python: what everybody did and the gateway's facts, to balances of every account.

From the product it takes states and ids, to know what has been booked by now; every amount is computed here.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from verify.ledger.arithmetic import GST_BP, SMALLEST, TDS_BP, TDS_THRESHOLD, half_up, share
from verify.ledger.gateway import FLOAT, PAYOUT_FEE, PAYOUT_TAX, PENNY, Bank

DEBIT = {"gateway", "bank", "payout_bank", "receivable", "chargeback", "gateway_fee", "payout_fee", "gst_input", "loss"}
HOUR, DAY = 3_600.0, 86_400.0
INDIA = ZoneInfo("Asia/Kolkata")
ON_THE_WAY, ARRIVED, CAME_BACK = "on the way", "arrived", "came back"
BORNE_BY_DOER = ("goods_not_received", "not_as_described")
PAYOUT_STATES = {
    **dict.fromkeys(("requested", "held", "queued", "processing"), ON_THE_WAY),
    "processed": ARRIVED,
    **dict.fromkeys(("failed", "reversed", "cancelled", "rejected"), CAME_BACK),
}

Account = tuple[str, str]


@dataclass
class Thing:
    """What is paid for by itself: an order, or a milestone. `held` is in its escrow."""

    key: str
    amount: int
    commission: int | None = None
    state: str = "awaiting"
    status: str = "pending"
    escrow: str = ""
    held: int = 0
    source: str = ""
    funded_at: float = 0.0
    began_at: float = 0.0
    was_submitted: bool = False
    asked_to_cancel: "Cancelling | None" = None
    cancelled: "Cancelling | None" = None
    parts: list[int] = field(default_factory=list)
    returns: list[int] = field(default_factory=list)
    released: int = 0
    shares: tuple[int, int, int] = (0, 0, 0)
    returned: int = 0
    borne: tuple[int, int, int] = (0, 0, 0)


@dataclass
class Cancelling:
    """What a cancellation is to come to: the doer's gross part, and what waits for the contest."""

    gross: int
    kept: int


@dataclass
class Deal:
    """An order as its parties know it."""

    key: str
    client: str
    doer: str
    kind: str
    commission_bp: int
    things: list[Thing]
    placed_at: float
    days: int
    rate: int = 0
    hours: int = 0
    minutes: int = 0
    status: str = "pending_payment"
    is_given_up: bool = False

    @property
    def held(self) -> int:
        """All that its escrows hold."""
        return sum(thing.held for thing in self.things)


@dataclass
class Sale:
    """A boost: what the platform itself sells, with the tax inside its price."""

    amount: int
    state: str = "awaiting"

    @property
    def gst(self) -> int:
        """The tax inside."""
        return half_up(self.amount * GST_BP, 10_000 + GST_BP)


@dataclass
class Asked:
    """One payment: what it pays for."""

    things: list[Thing]
    amount: int
    sale: Sale | None = None


@dataclass
class Promise:
    """Money that goes back to its source."""

    payment: str
    amount: int
    is_done: bool = False
    is_moot: bool = False


@dataclass
class Dispute:
    """A chargeback: whether its money was booked as taken, and whether it has ended."""

    is_taken: bool = False
    is_over: bool = False


@dataclass
class Withdrawal:
    """Money on its way to a bank account."""

    user: str
    amount: int
    state: str = ""


class Model:
    """Deals, payments, promises and withdrawals, and the balance of every account that follows from them."""

    def __init__(self, bank: Bank, complain: Callable[[str], None]) -> None:
        self.bank = bank
        self.complain = complain
        self.deals: dict[str, Deal] = {}
        self.payments: dict[str, Asked] = {}
        self.promises: dict[str, Promise] = {}
        self.disputes: dict[str, Dispute] = {}
        self.withdrawals: dict[str, Withdrawal] = {}
        self.intended_boosts: list[int] = []
        self.intended_payouts: list[tuple[str, int]] = []
        self.booked: set[str] = set()
        self.booked_payments: set[str] = set()
        self.checked: set[str] = set()
        self.returned: set[str] = set()
        self.shift = 0.0
        self.moved = 0
        self._balances: Counter[Account] = Counter()
        self._net: Counter[str] = Counter()
        self._earned: Counter[tuple[str, int]] = Counter()
        self._expected: defaultdict[str, list[int]] = defaultdict(list)
        self._move([("payout_bank", "", FLOAT)], [("owner", "", FLOAT)])

    def now(self) -> float:
        """The shifted clock."""
        return time.time() + self.shift

    # The ledger's arithmetic

    def _move(self, debits: Iterable[tuple[str, str, int]], credits: Iterable[tuple[str, str, int]]) -> None:
        signed = [(*line, 1) for line in debits] + [(*line, -1) for line in credits]
        if sum(amount * side for _, _, amount, side in signed):
            raise AssertionError(f"the model's own transfer does not balance: {signed}")
        self.moved += sum(amount for _, _, amount, side in signed if side == 1)
        for kind, owner, amount, side in signed:
            if kind == "wallet":
                self._net[owner] -= amount * side
            else:
                self._balances[(kind, owner)] += amount * side * (1 if kind in DEBIT else -1)

    def balances(self) -> dict[Account, int]:
        """Every account that is not zero, on its normal side."""
        found = {account: balance for account, balance in self._balances.items() if balance}
        for user, net in self._net.items():
            if net:
                found[("wallet", user) if net > 0 else ("receivable", user)] = abs(net)
        return found

    def wallet(self, user: str) -> int:
        """What the platform owes a user."""
        return max(self._net[user], 0)

    # What the product says that it has done

    def observe(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        """Follow everything that has changed since the last look, in the order in which money can move."""
        seen: defaultdict[str, dict[str, tuple[str, str, str]]] = defaultdict(dict)
        for kind, key, status, more, rest in rows:
            seen[kind][key] = (status, more, rest)
        for key in seen["payment"].keys() - self.payments.keys():
            self._asked(key, (seen["payment"][key][2] or "").split())
        for key in sorted(seen["capture"].keys() - self.booked):
            self._capture(key, *seen["capture"][key][:2], seen["escrow"], seen["sale"])
        self._decided: list[tuple[str, int, Callable[[], None]]] = []
        new_refunds = {key: row for key, row in seen["refund"].items() if key not in self.promises}
        for deal in self.deals.values():
            self._follow(deal, seen, new_refunds)
        for payment, (status, _, _) in seen["sale"].items():
            sale = self.payments[payment].sale if payment in self.payments else None
            if sale and status == "returned" and sale.state == "sold":
                sale.state = "returned"
                income = [("boost_income", "", sale.amount - sale.gst), ("gst_payable", "", sale.gst)]
                self._move(income, [("refund_pending", payment, sale.amount)])
                self._expected[payment].append(sale.amount)
        for key, (status, dispute, rest) in seen["chargeback"].items():
            self._dispute(key, status, self.bank.disputes[dispute], rest, seen["refund"])
        self._returns = dict(seen["return"])
        for _, _, follow in sorted(self._decided, key=lambda one: one[:2]):
            follow()
        for key in sorted(seen["return"].keys() - self.returned):
            thing, deal = self._thing_of(seen["return"][key][0])
            self._asked_return(key, thing, deal.doer, int(seen["return"][key][1]))
        for key in new_refunds.keys() - self.promises.keys():
            _, more, rest = new_refunds[key]
            self._promise(key, payment=more.split()[0], amount=int(rest.split()[1]))
        for payment, amounts in self._expected.items():
            if amounts:
                self.complain(f"payment {payment}: {amounts} should be on its way back, and is not")
                amounts.clear()
        for key, promise in self.promises.items():
            if promise.is_moot:
                continue
            self._refund(promise, is_done=seen["refund"][key][0] == "processed")
        for key, (status, user, amount) in seen["payout"].items():
            self._payout(key, status, user, int(amount))
        for key in seen["validation"].keys() - self.checked:
            if seen["validation"][key][0] == "completed":
                self.checked.add(key)
                self._move([("payout_fee", "", PENNY)], [("payout_bank", "", PENNY)])
        self._compare({(key, status): int(more) for (key, status, more) in _accounts(rows)})

    def _asked(self, key: str, references: list[str]) -> None:
        if not references and self.intended_boosts:
            amount = self.intended_boosts[-1]
            self.payments[key] = Asked([], amount, Sale(amount))
            return
        things = [thing for deal in self.deals.values() for thing in deal.things if thing.key in references]
        if references and len(things) == len(references):
            self.payments[key] = Asked(things, sum(thing.amount for thing in things))

    def _capture(
        self, key: str, use: str, gateway_payment: str, escrows: dict[str, tuple[str, str, str]], sales: Any
    ) -> None:
        self.booked.add(key)
        self.booked_payments.add(gateway_payment)
        fact = self.bank.payments.get(gateway_payment)
        if fact is None or fact["status"] != "captured":
            self.complain(f"capture {gateway_payment} was booked, and the gateway has none")
            return
        amount = fact["amount"]
        payment = str(self.bank.orders.get(fact["order_id"], {}).get("receipt", ""))
        asked = self.payments.get(payment)
        matches = asked is not None and (amount, fact["currency"]) == (asked.amount, "INR")
        awaiting = [thing for thing in asked.things if thing.state == "awaiting"] if asked and matches else []
        funded = [thing for thing in awaiting if escrows[thing.key][0] in {"funded", "decided"}]
        if any(escrows[thing.key][0] == "awaiting" for thing in awaiting):
            self.complain(f"capture {gateway_payment} matches what still awaits its money")
        sold = asked.sale if asked and matches and _is_sold(asked.sale, sales.get(payment)) else None
        expected = "suspense" if not matches else "funded" if funded or sold else "refunded"
        if use != expected:
            self.complain(f"capture {gateway_payment} was booked as {use}, not as {expected}")
        for thing in funded:
            thing.state, thing.held, thing.source, thing.funded_at = "funded", thing.amount, payment, self.now()
            thing.escrow = escrows[thing.key][1]
        surplus = amount - sum(thing.amount for thing in funded) if matches and not sold else 0
        lines = [("escrow", thing.escrow, thing.amount) for thing in funded]
        if sold:
            sold.state = "sold"
            lines += [("boost_income", "", amount - sold.gst), ("gst_payable", "", sold.gst)]
        lines += [("refund_pending", payment, surplus)] if matches else [("suspense", key, amount)]
        self._move([("gateway", "", amount)], lines)
        fee, tax = fact["fee"], fact["tax"]
        self._move([("gateway_fee", "", fee - tax), ("gst_input", "", tax)], [("gateway", "", fee)])
        if surplus:
            self._expected[payment].append(surplus)

    def _follow(self, deal: Deal, seen: Any, new_refunds: dict[str, tuple[str, str, str]]) -> None:
        deal.status = seen["order"][deal.key][0]
        for thing in deal.things:
            thing.status = seen["milestone"][thing.key][0] if deal.kind == "milestone" else deal.status
            thing.was_submitted = thing.was_submitted or thing.status == "submitted"
            if thing.status in {"in_progress", "funded"} and not thing.began_at:
                thing.began_at = self.now()
            if thing.status in {"cancelled", "refunded"} and thing.asked_to_cancel and not thing.cancelled:
                thing.cancelled = thing.asked_to_cancel
                now = thing.held - thing.cancelled.kept
                if thing.cancelled.kept and now:
                    thing.parts.append(now)
            for key in [key for key, (_, more, rest) in new_refunds.items() if _is_part(more, rest, thing)]:
                self._part(thing, key, new_refunds.pop(key))
            state = seen["escrow"][thing.key][0]
            if state == "decided" and thing.state == "funded":
                self._decided.append((seen["escrow"][thing.key][2], 1, partial(self._decide, deal, thing)))
            elif state == "abandoned" and thing.state == "awaiting":
                self._abandon(deal, thing)
            elif state != thing.state:
                self.complain(f"escrow of {thing.key} is {state} by itself, it was {thing.state}")

    def _part(self, thing: Thing, key: str, row: tuple[str, str, str]) -> None:
        amount = int(row[2].split()[1])
        if amount not in thing.parts:
            self.complain(f"{amount} of {thing.key} went back, and nobody asked for it")
        else:
            thing.parts.remove(amount)
        thing.held -= amount
        self._move([("escrow", thing.escrow, amount)], [("refund_pending", thing.source, amount)])
        self.promises[key] = Promise(thing.source, amount)

    def _abandon(self, deal: Deal, thing: Thing) -> None:
        thing.state = "abandoned"
        if not deal.is_given_up and self.now() < deal.placed_at + 24 * HOUR:
            self.complain(f"{thing.key} was given up, and it was not time yet")

    def _decide(self, deal: Deal, thing: Thing) -> None:
        if thing.state == "decided":  # a chargeback has taken all of it
            return
        held, gross = thing.held, self._gross(deal, thing)
        if held - gross < SMALLEST:
            gross = held
        fixed = thing.commission is not None and gross == thing.amount
        fee = thing.commission if fixed and thing.commission is not None else share(gross, deal.commission_bp)
        gst, tds = share(fee, GST_BP), self._tds(deal.doer, gross)
        back = held - gross
        thing.state, thing.held, thing.released, thing.shares = "decided", 0, gross, (fee, gst, tds)
        taxes = [("platform_fee", "", fee), ("gst_payable", "", gst), ("tds_payable", "", tds)]
        credits = [("wallet", deal.doer, gross - fee - gst - tds), *taxes, ("refund_pending", thing.source, back)]
        self._move([("escrow", thing.escrow, held)], credits)
        if back:
            self._expected[thing.source].append(back)

    def _tds(self, doer: str, gross: int) -> int:
        """An individual of whom nothing else is known pays none below the threshold of the financial year."""
        day = datetime.fromtimestamp(self.now(), INDIA)
        year = (doer, day.year if day.month >= 4 else day.year - 1)
        self._earned[year] += gross
        return share(gross, TDS_BP) if self._earned[year] > TDS_THRESHOLD else 0

    def _gross(self, deal: Deal, thing: Thing) -> int:
        """What of it is the doer's, before fees."""
        if thing.status in {"approved", "completed"}:
            if not thing.was_submitted:
                self.complain(f"{thing.key} was approved, and nothing was handed in")
            earned = half_up(deal.rate * deal.minutes, 60) if deal.kind == "hourly" else thing.amount
            return min(earned, thing.held)
        if thing.cancelled:
            return min(thing.cancelled.gross, thing.held)
        if self.now() < thing.funded_at + 14 * DAY:
            self.complain(f"{thing.key} was refunded, and it was not time yet")
        return 0

    def _thing_of(self, escrow: str) -> tuple[Thing, Deal]:
        found = [(thing, deal) for deal in self.deals.values() for thing in deal.things if thing.escrow == escrow]
        return found[0]

    def _asked_return(self, key: str, thing: Thing, doer: str, amount: int) -> None:
        self.returned.add(key)
        if amount not in thing.returns:
            self.complain(f"{amount} of {thing.key} was taken back, and nobody asked for it")
        else:
            thing.returns.remove(amount)
        self._return(thing, doer, amount, ("refund_pending", thing.source, amount))
        self._expected[thing.source].append(amount)

    def _return(self, thing: Thing, doer: str, amount: int, target: tuple[str, str, int]) -> None:
        """A return after the release: fee and taxes give back their part of all returns together, the doer the rest."""
        thing.returned += amount
        left, borne = amount, []
        for kept, before in zip(thing.shares, thing.borne, strict=True):
            part = max(0, min(half_up(kept * thing.returned, thing.released) - before, left))
            borne.append(part)
            left -= part
        fee, gst, tds = borne
        thing.borne = thing.borne[0] + fee, thing.borne[1] + gst, thing.borne[2] + tds
        taken = [("platform_fee", "", fee), ("gst_payable", "", gst), ("tds_payable", "", tds), ("wallet", doer, left)]
        self._move(taken, [target])

    def _dispute(self, key: str, status: str, fact: dict[str, Any], rest: str, refunds: Any) -> None:
        known = self.disputes.setdefault(key, Dispute())
        is_taken, ended_at = rest.split(" ", 1)
        amount, moves = fact["amount"], fact["phase"] not in {"fraud", "retrieval"}
        if is_taken == "taken" and not known.is_taken:
            known.is_taken = True
            self._move([("chargeback", key, amount)], [("gateway", "", amount)])
        if status in {"won", "lost", "closed"} and not known.is_over:
            known.is_over = True
            if fact["status"] != status:
                self.complain(f"dispute {fact['id']} is {fact['status']} at the gateway, and {status} here")
            if status == "lost" and moves:
                self._decided.append((ended_at, 0, partial(self._lose, key, fact, refunds)))
            elif known.is_taken:
                self._move([("gateway", "", amount)], [("chargeback", key, amount)])

    def _lose(self, key: str, fact: dict[str, Any], refunds: Any) -> None:
        """A lost chargeback: what is still the client's goes first, then what the doer got if it falls on him."""
        source = self._source(fact)
        funded = [(thing, deal) for deal in self.deals.values() for thing in deal.things if thing.source == source]
        left, lines = fact["amount"], []
        for thing, _ in funded:
            part = min(thing.held, left)
            if part:
                left, thing.held = left - part, thing.held - part
                lines.append(("escrow", thing.escrow, part))
                thing.state = "funded" if thing.held else "decided"
        for number, (_, more, rest) in refunds.items():
            if more.split()[0] != source or not rest.endswith(" chargeback"):
                continue
            if number not in self.promises:  # promised and overtaken since the last look
                self._promise(number, payment=source, amount=int(rest.split()[1]))
            promise = self.promises[number]
            if not promise.is_moot:
                promise.is_moot = True
                left -= promise.amount
                lines.append(("refund_pending", source, promise.amount))
        for number, row in sorted(self._returns.items(), reverse=True):
            thing, deal = self._thing_of(row[0])
            if number not in self.returned and row[2] == "chargeback" and thing.source == source:
                self._bear(number, fact, key, thing, deal, min(left, thing.released - thing.returned))
                left -= min(left, int(row[1]))
        self._move([*lines, ("loss", "", left)], [("chargeback", key, sum(one[2] for one in lines) + left)])

    def _bear(self, number: str, fact: dict[str, Any], key: str, thing: Thing, deal: Deal, part: int) -> None:
        self.returned.add(number)
        if not (fact["evidence"] and fact["reason_code"] in BORNE_BY_DOER):
            self.complain(f"the doer bears dispute {fact['id']} for {fact['reason_code']}")
        if part != int(self._returns[number][1]):
            self.complain(f"{thing.key} bears {self._returns[number][1]} of dispute {fact['id']}, not {part}")
        self._return(thing, deal.doer, part, ("chargeback", key, part))

    def _source(self, fact: dict[str, Any]) -> str:
        order = self.bank.payments[fact["payment_id"]]["order_id"]
        return str(self.bank.orders[order]["receipt"])

    def _promise(self, key: str, *, payment: str, amount: int) -> None:
        if amount not in self._expected[payment]:
            self.complain(f"{amount} of payment {payment} is on its way back, and nothing says why")
        else:
            self._expected[payment].remove(amount)
        self.promises[key] = Promise(payment, amount)

    def _refund(self, promise: Promise, *, is_done: bool) -> None:
        lines = [("refund_pending", promise.payment, promise.amount)], [("gateway", "", promise.amount)]
        if is_done and not promise.is_done:
            self._move(*lines)
        elif promise.is_done and not is_done:
            self._move(*reversed(lines))
        promise.is_done = is_done

    def _payout(self, key: str, status: str, user: str, amount: int) -> None:
        payout = self.withdrawals.get(key)
        if payout is None:
            if (user, amount) not in self.intended_payouts:
                self.complain(f"payout {key} of {amount}: nobody asked for it")
            else:
                self.intended_payouts.remove((user, amount))
            payout = self.withdrawals[key] = Withdrawal(user, amount)
            self._move([("wallet", user, amount)], [("payout_pending", key, amount)])
            payout.state = ON_THE_WAY
        wanted = PAYOUT_STATES[status]
        if wanted == payout.state:
            return
        if payout.state == CAME_BACK or wanted == ON_THE_WAY:
            self.complain(f"payout {key} is {status} after it {payout.state}")
            return
        fee = [("payout_fee", "", PAYOUT_FEE - PAYOUT_TAX), ("gst_input", "", PAYOUT_TAX)]
        if wanted == ARRIVED:
            self._move([("payout_pending", key, amount), *fee], [("payout_bank", "", amount + PAYOUT_FEE)])
        elif payout.state == ARRIVED:
            self._move([("payout_bank", "", amount + PAYOUT_FEE)], [("wallet", user, amount), *fee])
        else:
            self._move([("payout_pending", key, amount)], [("wallet", user, amount)])
        payout.state = wanted

    def _compare(self, theirs: dict[Account, int]) -> None:
        ours = self.balances()
        if ours == theirs:
            return
        differences = [
            f"{kind} {owner}: the ledger has {theirs.get((kind, owner), 0)}, the model {ours.get((kind, owner), 0)}"
            for kind, owner in sorted(ours.keys() | theirs.keys())
            if ours.get((kind, owner)) != theirs.get((kind, owner))
        ]
        self.complain("; ".join(differences))

    def at_rest(self) -> None:
        """Everything the gateway did is booked, everything promised was done, and both books agree."""
        for payment in self.bank.payments.values():
            if payment["status"] == "captured" and payment["id"] not in self.booked_payments:
                self.complain(f"{payment['id']} was captured and never booked")
        for key, promise in self.promises.items():
            if not (promise.is_done or promise.is_moot):
                self.complain(f"refund {key} of {promise.amount} never arrived")
        for key, payout in self.withdrawals.items():
            if payout.state == ON_THE_WAY:
                self.complain(f"payout {key} never arrived")
        pairs = [("gateway", self.bank.gateway_balance()), ("payout_bank", self.bank.payout_balance())]
        for kind, theirs in pairs:
            if self._balances[(kind, "")] != theirs:
                self.complain(f"{kind}: ours {self._balances[(kind, '')]}, the gateway's {theirs}")


def _is_sold(sale: Sale | None, row: tuple[str, str, str] | None) -> bool:
    """Whether this money has bought the boost: it awaited it, and awaits it no more."""
    return sale is not None and sale.state == "awaiting" and row is not None and row[0] in {"sold", "returned"}


def _is_part(more: str, rest: str, thing: Thing) -> bool:
    """Whether a refund is a part of this thing's money, sent back before the decision."""
    return rest.startswith("part ") and bool(thing.escrow) and more.endswith(thing.escrow)


def _accounts(rows: list[tuple[str, str, str, str, str]]) -> list[tuple[str, str, str]]:
    return [(key, status, more) for kind, key, status, more, _ in rows if kind == "account"]
