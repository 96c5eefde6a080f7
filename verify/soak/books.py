"""The clients' log against the books: acknowledged ⊆ recorded ⊆ intended, each once, in Khidma and at the gateway."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, LiteralString

import psycopg

from verify.soak.log import Deal, Log

Rows = list[tuple[Any, ...]]

TIMELINE_OF = {"submit": "submit", "revise": "request_revision", "approve": "approve"}
TIMELINE = """
    SELECT subject_id::text, action, count(*) FROM kernel_state_change
     WHERE subject_type = 'order' AND subject_id = ANY(%s::uuid[]) GROUP BY 1, 2
"""
GIGS = "SELECT title FROM gigs_gig WHERE client_id = ANY(%s::uuid[])"
OF_USERS = """
    SELECT gig.id::text, gig.title, application.cover_letter, orders.id::text, orders.status, orders.refunded
      FROM gigs_gig AS gig
      LEFT JOIN gigs_application AS application ON application.gig_id = gig.id
      LEFT JOIN (SELECT orders.id, orders.gig_id, orders.status,
                        (SELECT sum(refunded) FROM payments_escrow AS escrow
                          WHERE orders.id IN (escrow.reference, escrow.part_of)) AS refunded
                   FROM orders_order AS orders) AS orders ON orders.gig_id = gig.id
     WHERE gig.client_id = ANY(%s::uuid[])
"""
ESCROWS = """
    SELECT coalesce(part_of, reference)::text, sum(payee_gross)::bigint, sum(refunded)::bigint, sum(payee_net)::bigint,
           bool_and(status IN ('decided', 'abandoned'))
      FROM payments_escrow WHERE payee_id = ANY(%s::uuid[]) GROUP BY 1
"""
CAPTURES = "SELECT gateway_payment_id, gateway_order_id, amount, use FROM payments_capture"
CAPTURED_IN_LEDGER = "SELECT key, count(*) FROM payments_transfer WHERE key LIKE 'capture:%' GROUP BY key"
REFUNDS = """
    SELECT capture.gateway_payment_id, refund.amount, refund.status
      FROM payments_refund AS refund JOIN payments_capture AS capture ON capture.id = refund.capture_id
"""
PAYOUTS = """
    SELECT id::text, user_id::text, amount, status FROM payments_payout WHERE user_id = ANY(%s::uuid[])
"""
WALLETS = """
    SELECT owner_id::text, balance FROM payments_account WHERE kind = 'wallet' AND owner_id = ANY(%s::uuid[])
"""
TOLD_TWICE = """
    SELECT user_id::text, kind, data::text, count(*) FROM notifications_notification
     WHERE user_id = ANY(%s::uuid[]) AND kind IN ('order_funded', 'order_completed', 'payout_requested',
           'payout_processed', 'application_accepted', 'new_application', 'order_cancelled')
     GROUP BY 1, 2, 3 HAVING count(*) > 1
"""


class Books:
    """What is recorded, read once everything is at rest."""

    def __init__(self, log: Log, connection: "psycopg.Connection[Any]", gateway: dict[str, Any]) -> None:
        self.log, self.connection, self.gateway = log, connection, gateway
        self.deals = {deal.mark: deal for deal in log.deals}
        self.faults: list[str] = []

    def check(self) -> list[str]:
        """Everything that the log, the database and the gateway's own book disagree about."""
        checks: list[Callable[[], None]] = [
            self._work,
            self._timelines,
            self._escrows,
            self._captures,
            self._refunds,
            self._payouts,
            self._wallets,
            self._notifications,
        ]
        for check in checks:
            check()
        return self.faults

    def _rows(self, statement: LiteralString, *parameters: Any) -> Rows:
        return list(self.connection.execute(statement, parameters or None).fetchall())

    def _people(self) -> list[str]:
        return list(self.log.users)

    def _find(self, fault: str) -> None:
        self.faults.append(fault)

    def _work(self) -> None:
        """Gigs, applications and orders: those acknowledged are there, those there were meant, each once."""
        gigs, letters, orders = Counter[str](), Counter[str](), Counter[str]()
        found: dict[str, set[str]] = defaultdict(set)
        for gig, title, letter, order, _status, _refunded in self._rows(OF_USERS, self._people()):
            mark = title.rpartition(" ")[2]
            if mark not in self.deals:
                self._find(f"recorded, never intended: gig {gig} {title!r}")
            found[mark] |= {gig, order or ""}
            gigs[gig] += 1
            letters[letter or ""] += 1
            orders[order or ""] += 1
        by_mark = Counter(
            title.rpartition(" ")[2]
            for _, title in self._rows(
                "SELECT id, title FROM gigs_gig WHERE client_id = ANY(%s::uuid[])", self._people()
            )
        )
        for mark, times in by_mark.items():
            if times > 1:
                self._find(f"recorded {times} times: the gig {mark}")
        for what, counted in (("gig", gigs), ("letter", letters), ("order", orders)):
            for key, times in counted.items():
                if key and times > 1:
                    self._find(f"recorded {times} times: {what} {key}")
        for deal in self.deals.values():
            for step, thing in (("post", deal.gig_id), ("accept", deal.order_id)):
                if step in deal.told and thing not in found[deal.mark]:
                    self._find(f"acknowledged, not recorded: {step} of {deal.mark}, {thing}")
            if "apply" in deal.told and not any(deal.mark in letter for letter in letters):
                self._find(f"acknowledged, not recorded: application {deal.application_id} of {deal.mark}")

    def _timelines(self) -> None:
        """Each step of an order as often as it was acknowledged, and at most as often as it was meant."""
        placed = {deal.order_id: deal for deal in self.deals.values() if deal.order_id}
        taken: dict[str, Counter[str]] = defaultdict(Counter)
        for order, action, times in self._rows(TIMELINE, list(placed)):
            taken[order][action] = times
        for order, deal in placed.items():
            if deal.kind == "in_milestones":
                continue  # their steps are written down with each milestone
            for step, action in TIMELINE_OF.items():
                low, high = deal.told.count(step), deal.meant.count(step)
                if not low <= (times := taken[order][action]) <= high:
                    self._find(f"{deal.mark}: {step} recorded {times} times, told {low}, meant {high}")

    def _escrows(self) -> None:
        """Every paisa of an order that has ended went where it was meant to go."""
        rows = {row[0]: row[1:] for row in self._rows(ESCROWS, self._people())}
        for deal in self._placed():
            if deal.order_id not in rows:
                self._find(f"{deal.mark}: order {deal.order_id} has no escrow")
                continue
            gross, refunded, net, has_ended = rows[deal.order_id]
            is_told = {"approve", "cancel"} & set(deal.told)
            if is_told and not has_ended:
                self._find(f"{deal.mark}: ended by {is_told}, yet its escrow is open")
            if "approve" in deal.told and (gross, refunded, net) != (deal.gross, deal.refunded, deal.net):
                meant = (deal.gross, deal.refunded, deal.net)
                self._find(f"{deal.mark}: gross, refunded, net are {(gross, refunded, net)}, told {meant}")
            if "cancel" in deal.told and (gross or 0, refunded or 0) != (0, deal.refunded):
                self._find(f"{deal.mark}: cancelled, gross {gross}, refunded {refunded} instead of {deal.refunded}")

    def _captures(self) -> None:
        """What the gateway captured is captured here once, in the right amount, and in the ledger once."""
        theirs = {row["id"]: (row["order_id"], row["amount"]) for row in self.gateway["payments"] if row["captured"]}
        ours = {row[0]: (row[1], row[2]) for row in self._rows(CAPTURES)}
        self._compare("captured payment", theirs, ours)
        booked: dict[str, int] = dict(self._rows(CAPTURED_IN_LEDGER))
        self._compare("capture in the ledger", {f"capture:{payment}": 1 for payment in theirs}, booked)
        captured = Counter[str]()
        for order, amount in theirs.values():
            captured[order] += amount
        for deal in self._placed():
            for order, amount in deal.gateway_orders.items():
                low, high = (amount if order in deal.paid else 0), amount
                if not low <= captured[order] <= high:
                    self._find(f"{deal.mark}: {captured[order]} captured for {order}, meant {amount}")

    def _refunds(self) -> None:
        """Refunds at the gateway are those that were promised, each once; and those of the log, to the paisa."""
        theirs, ours = Counter[str](), Counter[str]()
        for row in self.gateway["refunds"]:
            if row["status"] == "processed":
                theirs[row["payment_id"]] += row["amount"]
        for payment, amount, status in self._rows(REFUNDS):
            ours[payment] += amount
            if status not in {"processed", "failed"}:
                self._find(f"the refund of {amount} of {payment} is still {status}")
        self._compare("refunded of a payment", dict(theirs), dict(ours))
        order_of = {row["id"]: row["order_id"] for row in self.gateway["payments"]}
        of_order = Counter[str]()
        for payment, amount in theirs.items():
            of_order[order_of[payment]] += amount
        for deal in self._placed():
            sent = sum(of_order[order] for order in deal.gateway_orders)
            if {"approve", "cancel"} & set(deal.told) and deal.paid and sent != deal.refunded:
                self._find(f"{deal.mark}: {sent} refunded at the gateway, meant {deal.refunded}")

    def _payouts(self) -> None:
        """Withdrawals: acknowledged ones are there, those there were wished for, each paid once by the bank."""
        wishes = {(one.user, one.amount): one for one in self.log.withdrawals}
        rows = self._rows(PAYOUTS, self._people())
        paid: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in self.gateway["payouts"]:
            paid[row["reference_id"]].append((row["amount"], row["status"]))
        for payout, user, amount, status in rows:
            wish = wishes.get((user, amount))
            if wish is None or wish.refused or (wish.payout_id and wish.payout_id != payout):
                self._find(f"recorded, never intended: payout {payout} of {amount} for {user}")
            if status != "processed" or paid[payout] != [(amount, "processed")]:
                self._find(f"payout {payout} of {amount} is {status}, at the gateway {paid[payout]}")
        known = {row[0] for row in rows}
        for wish in self.log.withdrawals:
            if wish.payout_id and wish.payout_id not in known:
                self._find(f"acknowledged, not recorded: payout {wish.payout_id} of {wish.amount}")

    def _wallets(self) -> None:
        """A wallet holds what its owner earned less what was paid out."""
        due = Counter[str]()
        for user, net in self._rows(
            "SELECT payee_id::text, sum(payee_net)::bigint FROM payments_escrow"
            " WHERE payee_id = ANY(%s::uuid[]) AND status = 'decided' GROUP BY 1",
            self._people(),
        ):
            due[user] += net
        for _, user, amount, _ in self._rows(PAYOUTS, self._people()):
            due[user] -= amount
        held: dict[str, int] = dict(self._rows(WALLETS, self._people()))
        for user, amount in due.items():
            if held.get(user, 0) != amount:
                self._find(f"the wallet of {user} holds {held.get(user, 0)}, by its orders and payouts {amount}")

    def _notifications(self) -> None:
        for user, kind, data, times in self._rows(TOLD_TWICE, self._people()):
            self._find(f"{user} was told {times} times: {kind} {data}")

    def _placed(self) -> Iterable[Deal]:
        return [deal for deal in self.deals.values() if deal.order_id]

    def _compare(self, what: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        for key in theirs.keys() | ours.keys():
            if theirs.get(key) != ours.get(key):
                self._find(f"{what} {key}: the gateway's book says {theirs.get(key)}, ours {ours.get(key)}")
