"""The nightly reconciliation against differences that were planted: every one found, by its kind and amount, no other.

The gateway's report, the bank's statement and our own ledger are falsified, each by what would falsify it: a lost
event, a forged one, a report that was changed at the gateway. The sums of the settlement stay right all the same.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from verify.inside import Inside, inside
from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from payments.models import Payment, Refund
    from payments.providers.gateway import Sighting

KINDS = (
    "payment_only_ours",
    "payment_only_theirs",
    "payment_amount_differs",
    "fee_amount_differs",
    "refund_only_ours",
    "refund_only_theirs",
    "chargeback_only_theirs",
    "bank_only_theirs",
)
NOT_DUE_YET = {"payment_only_ours", "refund_only_ours"}
MOST_SECONDS = 30.0
LATER = timedelta(days=12)

Mark = tuple[str, str, int, int]
"""Kind, reference, amount and difference: what a difference must say."""


@dataclass
class Stage:
    """One settlement with all that was done to it."""

    run: Run
    home: Inside
    counts: Counter[str]
    planted: set[Mark] = field(default_factory=set)
    sound: list["Payment"] = field(default_factory=list)

    def plant(self, kind: str, reference: str, amount: int, difference: int) -> None:
        """Remember what must be found."""
        self.planted.add((kind, reference, amount, difference))

    def take(self, number: int) -> list["Payment"]:
        """So many payments that nothing was done to."""
        self.run.random.shuffle(self.sound)
        taken, self.sound = self.sound[:number], self.sound[number:]
        return taken


def prove(run: Run) -> None:
    """Play a settlement, plant, reconcile twice at once and twice when all is due; compare with what was planted."""
    with inside() as home:
        stage = Stage(run, home, Counter(KINDS[number % len(KINDS)] for number in range(run.size["planted"])))
        settlement_lines = play(stage)
        run.figure("lines", settlement_lines)
        run.figure("planted", len(stage.planted))
        if (settlement_lines, len(stage.planted)) != (run.size["lines"], run.size["planted"]):
            run.violation(f"The settlement has {settlement_lines} lines and {len(stage.planted)} planted differences.")
        check(run, {mark for mark in stage.planted if mark[0] not in NOT_DUE_YET}, "before it is due")
        from khidma.kernel import clock

        clock.shift(LATER)
        check(run, stage.planted, "when all is due")
        check_books(run)


def play(stage: Stage) -> int:
    """Payments, refunds and one settlement of them, with the differences in it; how many lines it has."""
    from payments import services

    run, gateway, counts = stage.run, stage.home.gateway, stage.counts
    services.book_owner_funds(amount=gateway.ledger()["balances"]["payout"], key="opening")
    refunds = run.size["lines"] // 10
    theirs = counts["refund_only_theirs"] + counts["chargeback_only_theirs"]
    pay(stage, run.size["lines"] - refunds - theirs)
    for payment in stage.take(refunds):
        services.send_refund(refund_id=promise_back(payment).pk)
    plant_refunds(stage)
    plant_disputes(stage)
    plant_payments_of_ours(stage)
    settlement = gateway.client.post("/_sandbox/settlements/run", json={}, timeout=300).json()["items"][0]
    falsify_report(stage)
    for number in range(counts["bank_only_theirs"]):
        amount = run.random.randrange(100, 5_000_000)
        utr = f"STRAY{number:05d}"
        gateway.client.post("/_sandbox/bank", json={"utr": utr, "amount": amount}).raise_for_status()
        stage.plant("bank_only_theirs", utr, amount, -amount)
    return count_lines(stage.home, settlement["id"])


def pay(stage: Stage, number: int) -> None:
    """So many payments at the gateway; what its events say is booked, but for those whose events are lost."""
    from accounts.tests.factories import make_client, make_doer
    from khidma.kernel.ids import new_id
    from payments import services
    from payments.providers import gateway as our_gateway
    from payments.services.paying import adopt_order

    run, gateway, seller = stage.run, stage.home.gateway, our_gateway()
    client, doer = make_client(), make_doer()
    payments = []
    for done in range(number):
        amount = run.random.randrange(10_000, 500_000)
        escrow = services.open_escrow(reference=new_id(), payer=client, payee=doer, amount=amount, commission_bp=1000)
        payment = services.start_payment(payer=client, references=[escrow.reference], purpose="order")
        payments.append(adopt_order(payment_id=payment.pk, order=seller.create_order(order_of(payment))))
        gateway.pay(str(payments[-1].gateway_order_id))
        run.progress(done, number)
    seen = sightings(stage)
    run.random.shuffle(payments)
    lost, stage.sound = payments[: stage.counts["payment_only_theirs"]], payments[stage.counts["payment_only_theirs"] :]
    for payment in lost:
        sighting = seen[str(payment.gateway_order_id)]
        stage.plant("payment_only_theirs", sighting.payment_id, sighting.amount, -sighting.amount)
    for payment in stage.sound:
        services.record_sighting(payment_id=payment.pk, sighting=seen[str(payment.gateway_order_id)])


def order_of(payment: "Payment") -> dict[str, Any]:
    """The body that asks the gateway for the payment's order, captured by itself."""
    options = {"automatic_expiry_period": 12, "manual_expiry_period": 7200, "refund_speed": "normal"}
    capture = {"capture": "automatic", "capture_options": options}
    return {"amount": payment.amount, "currency": "INR", "receipt": str(payment.pk), "payment": capture}


def sightings(stage: Stage) -> dict[str, "Sighting"]:
    """What the gateway's own book says of every payment, by its order."""
    from payments.providers.gateway import Sighting

    book = stage.home.gateway.client.get("/_sandbox/ledger", timeout=300).json()["payments"]
    return {
        one["order_id"]: Sighting(
            one["id"], one["order_id"], "captured", one["amount"], "INR", "upi", one["fee"], one["tax"]
        )
        for one in book
    }


def promise_back(payment: "Payment") -> "Refund":
    """The payment's order is cancelled."""
    from payments import services
    from payments.models import Refund

    (reference,) = payment.references
    services.settle_escrow(reference=reference, payee_gross=0, reason="cancelled")
    return Refund.objects.get(payment=payment)


def plant_refunds(stage: Stage) -> None:
    """Refunds of the dashboard that no event tells of, and refunds that only a forged event has made."""
    from django.db import transaction

    from khidma.kernel.states import advance, lock
    from payments import services
    from payments.models import Capture
    from payments.models.gateway import Operation
    from payments.providers.gateway import RefundSighting
    from payments.services.attempts import begin_attempt

    for payment in stage.take(stage.counts["refund_only_theirs"]):
        capture = Capture.objects.get(payment=payment)
        amount = stage.run.random.randrange(100, capture.amount)
        answer = stage.home.gateway.client.post(
            f"/_sandbox/payments/{capture.gateway_payment_id}/refund", json={"amount": amount}
        )
        stage.plant("refund_only_theirs", answer.json()["id"], -amount, amount)
    for number, payment in enumerate(stage.take(stage.counts["refund_only_ours"])):
        refund = promise_back(payment)
        with transaction.atomic():
            advance(lock(refund), "send", by=None, role="system")
            body = {"amount": refund.amount, "receipt": str(refund.pk)}
            begin_attempt(subject_id=refund.pk, operation=Operation.REFUND, key=refund.pk, body=body)
        forged = RefundSighting(
            f"rfnd_forged{number:08d}", refund.capture.gateway_payment_id, str(refund.pk), refund.amount, "processed"
        )
        services.record_refund(sighting=forged)
        stage.plant("refund_only_ours", forged.refund_id, -refund.amount, -refund.amount)


def plant_disputes(stage: Stage) -> None:
    """A bank takes money back, and the event of it is lost."""
    from payments.models import Capture

    for payment in stage.take(stage.counts["chargeback_only_theirs"]):
        capture = Capture.objects.get(payment=payment)
        amount = stage.run.random.randrange(100, capture.amount)
        wanted = {"phase": "chargeback", "amount": amount, "deductAtOnset": True}
        address = f"/_sandbox/payments/{capture.gateway_payment_id}/dispute"
        dispute = stage.home.gateway.client.post(address, json=wanted).json()
        stage.plant("chargeback_only_theirs", f"{dispute['id']}:taken", -amount, amount)


def plant_payments_of_ours(stage: Stage) -> None:
    """Payments that only a forged event has captured."""
    from accounts.models import User
    from khidma.kernel.ids import new_id
    from payments import services
    from payments.models import Escrow
    from payments.providers.gateway import Sighting

    known = Escrow.objects.select_related("payer", "payee").order_by("id")[0]
    payer: User = known.payer
    for number in range(stage.counts["payment_only_ours"]):
        amount = stage.run.random.randrange(10_000, 500_000)
        escrow = services.open_escrow(
            reference=new_id(), payer=payer, payee=known.payee, amount=amount, commission_bp=1000
        )
        payment = services.start_payment(payer=payer, references=[escrow.reference], purpose="order")
        payment = services.open_gateway_order(payment_id=payment.pk, timeout=30)
        forged = Sighting(
            f"pay_forged{number:08d}", str(payment.gateway_order_id), "captured", amount, "INR", "upi", amount // 50, 0
        )
        services.record_sighting(payment_id=payment.pk, sighting=forged)
        stage.plant("payment_only_ours", forged.payment_id, amount, amount)


def falsify_report(stage: Stage) -> None:
    """Change amounts and fees in the gateway's report, so that its sum stays what it was."""
    from payments.models import Capture

    gateway = stage.home.gateway
    amounts = stage.take(stage.counts["payment_amount_differs"])
    fees = stage.take(stage.counts["fee_amount_differs"])
    gateway.stop()
    with sqlite3.connect(gateway.state) as book:
        for payment, change in zip(amounts, changes(stage.run, len(amounts)), strict=True):
            capture = Capture.objects.get(payment=payment)
            falsify(book, capture.gateway_payment_id, amount=change, credit=change)
            stage.plant("payment_amount_differs", capture.gateway_payment_id, capture.amount, -change)
        for payment, change in zip(fees, changes(stage.run, len(fees)), strict=True):
            capture = Capture.objects.get(payment=payment)
            falsify(book, capture.gateway_payment_id, fee=change, credit=-change)
            stage.plant("fee_amount_differs", capture.gateway_payment_id, -(capture.fee or 0), change)
    book.close()
    gateway.start()


def changes(run: Run, number: int) -> Sequence[int]:
    """So many changes in paise, none of them nothing, that add up to nothing."""
    while True:
        drawn = [run.random.choice((-1, 1)) * run.random.randrange(1, 90) for _ in range(number - 1)]
        if sum(drawn):
            return [*drawn, -sum(drawn)]


def falsify(book: sqlite3.Connection, payment_id: str, **changed: int) -> None:
    """Add these paise to what the report says of a payment."""
    statement = "SELECT id, body FROM documents WHERE kind = 'recon' AND json_extract(body, '$.entity_id') = ?"
    ((line_id, body),) = book.execute(statement, (payment_id,)).fetchall()
    line: dict[str, Any] = json.loads(body)
    for name, paise in changed.items():
        line[name] += paise
    book.execute("UPDATE documents SET body = ? WHERE id = ?", (json.dumps(line), line_id))


def count_lines(home: Inside, settlement_id: str) -> int:
    """The lines that the gateway reports for this settlement."""
    with sqlite3.connect(home.gateway.state) as book:
        statement = "SELECT count(*) FROM documents WHERE kind = 'recon' AND json_extract(body, '$.settlement_id') = ?"
        ((count,),) = book.execute(statement, (settlement_id,)).fetchall()
    book.close()
    return int(count)


def check(run: Run, expected: set[Mark], when: str) -> None:
    """Reconcile twice: exactly what was planted is found, and the second time nothing new."""
    from payments import services

    started = time.monotonic()
    first = services.reconcile()
    seconds = time.monotonic() - started
    again = services.reconcile()
    run.figure(f"seconds, {when}", round(seconds, 2))
    run.figure(f"share of rupees matched, {when}", first.matched_share)
    run.figure(f"found, {when}", len(expected & found()))
    run.figure(f"false, {when}", len(found() - expected))
    if first.unread:
        run.violation(f"{when}: {first.unread} was not read")
    if seconds > MOST_SECONDS:
        run.violation(f"{when}: the reconciliation took {seconds:.1f} s")
    for mark in sorted(expected - found()):
        run.violation(f"{when}: not found: {mark}")
    for mark in sorted(found() - expected):
        run.violation(f"{when}: found, and not planted: {mark}")
    if again.found or again.closed:
        run.violation(f"{when}: the same books gave {again.found} new and {again.closed} closed differences")


def found() -> set[Mark]:
    """Every live difference."""
    from payments.models import Difference

    rows = Difference.objects.filter(status__in=["open", "explained"])
    marks = [(one.kind, one.reference, one.amount, one.difference) for one in rows]
    assert len(marks) == len(set(marks))
    return set(marks)


def check_books(run: Run) -> None:
    """Nothing was corrected in silence: the ledger is whole, and only what was booked before is in it."""
    from payments.models import Transfer, TransferKind
    from payments.selectors.checking import check_ledger

    for fault in check_ledger().faults:
        run.violation(fault)
    corrections = Transfer.objects.filter(kind__in=[TransferKind.ADJUSTMENT, TransferKind.SUSPENSE]).count()
    if corrections:
        run.violation(f"The reconciliation has posted {corrections} corrections.")


PROOF = Proof(
    name="recon",
    sizes={"ci": {"lines": 1_000, "planted": 20}, "full": {"lines": 10_000, "planted": 200}},
    prove=prove,
    controls=[
        Break(
            path="payments/selectors/comparing.py",
            old="FROM compared WHERE o IS DISTINCT FROM t AND",
            new="FROM compared WHERE (o IS NULL OR t IS NULL) AND",
            because="amounts are not compared",
        ),
        Break(
            path="payments/selectors/comparing.py",
            old="    FULL JOIN (SELECT",
            new="    RIGHT JOIN (SELECT",
            because="what only we know is not looked at",
        ),
        Break(
            path="payments/selectors/comparing.py",
            old="return one.our_at is not None and one.our_at >= due_before",
            new="return False",
            because="what is not due yet counts as missing",
        ),
    ],
)
