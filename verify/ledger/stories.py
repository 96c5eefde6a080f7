"""Stories that lead where chance seldom does: each is told while points that it leads to want crashes."""

import re
from contextlib import nullcontext
from typing import Any, ClassVar, Final

from hypothesis.stateful import rule

from gigs import services as gigs
from khidma.kernel.outbox import deliver_due
from payments import services as payments
from payments.models import BankAccount, Payment, Payout
from verify.crashing import ANYWHERE
from verify.ledger.machine import Books
from verify.ledger.model import DAY, HOUR, Deal
from verify.ledger.world import CRASH, NUMBER

SILENT: Final = re.compile(r"_look_again|_look_by|_failed|: (before|after) write|fetch_|begin_attempt")
"""Points on the way of a gateway that does not answer."""
NO_SHOW: Final = 7
"""How a client cancels because the doer did not come: it may be contested."""
LONG = 7 * HOUR
"""No pause between two looks at something under way is longer."""


class Stories(Books):
    """The world, and what is told in it. The way to the end of a story is calm; only the rare part may die."""

    at_once: ClassVar[int] = 1
    """So many stories are told in a row."""

    @rule(number=NUMBER, crash=CRASH)
    def tell(self, number: int, crash: int) -> None:
        for at in range(self.at_once):
            self.story_of(number + at, crash + 7 * at)

    def story_of(self, number: int, crash: int) -> None:
        """A story that leads to one of the points that want crashes; any story, if there are none."""
        told = sorted(STORIES)
        if wanting := self.crashes.wanting():
            point = wanting[number % len(wanting)]
            led = [name for name in told if re.search(STORIES[name], point)]
            told = led or told
            crash -= crash % 5 if SILENT.search(point) else 0
        name = told[crash // 5 % len(told)]
        self.aim = re.compile(STORIES[name])
        try:
            getattr(self, name)(number, crash)
        finally:
            self.aim = ANYWHERE

    # What they are made of

    def _deal(self, number: int, *, kind: str = "fixed", parts: int = 1) -> Deal:
        """A new deal of a doer drawn by the number, not paid yet."""
        self.make_deal(kind, 20_000 + 100 * number, number // 3 % 2 + number % 3 * 2 + (parts - 1) * 6, 1)
        return list(self.model.deals.values())[-1]

    def _payment_row(self, deal: Deal) -> Any:
        """The newest payment for the deal that has an order at the gateway."""
        rows = [row for row in self.rows if row[0] == "payment" and row[3] and deal.things[0].key in (row[4] or "")]
        return max(rows, key=lambda row: row[1])

    def _pay(self, deal: Deal) -> dict[str, Any]:
        """The client pays, and tells us."""
        self.checkout(0, 0, 1)
        paid = self._paid_at_bank(self._payment_row(deal)[3])
        self._verify(paid, 1)
        return paid

    def _paid_at_bank(self, gateway_order: str, outcome: str = "captured") -> dict[str, Any]:
        return self.bank.pay(gateway_order, amount=self.bank.orders[gateway_order]["amount"], outcome=outcome)

    def _begun(self, number: int, *, kind: str = "fixed", parts: int = 1) -> Deal:
        """A deal that is paid."""
        with self.calmly():
            deal = self._deal(number, kind=kind, parts=parts)
            self._pay(deal)
        return deal

    def _done(self, number: int) -> Deal:
        """A deal whose doer has his pay."""
        deal = self._begun(number)
        with self.calmly():
            self.work(0, 1)
            self.approval(0, 0, 1)
        return deal

    def _rich(self, number: int) -> int:
        """The number of a doer with money, and with a bank account for it."""
        self._done(number)
        who, doer = number % 3, self.doers[number % 3]
        with self.calmly():
            if not BankAccount.objects.filter(user=doer, status="verified").exists():
                self.add_account(who, 1)
                self._bank_checks()
                self._deliver(-1, 1)
                self._pass(8 * DAY)
        return who

    def _bank_checks(self) -> None:
        for validation in self.bank.validations.values():
            if validation["status"] == "created":
                self.bank.settle_validation(validation)

    def _sweeps(self, crash: int, *, after: float = 0.0) -> None:
        self._pass(after)
        self.act("clock", self._sweep, crash)

    def _queued_payout(self, number: int) -> Payout | None:
        """A withdrawal that nobody has sent yet."""
        who = self._rich(number)
        with self.calmly():
            self.payday(who, 1, 1)
        return Payout.objects.filter(user=self.doers[who], status="queued").order_by("id").last()

    def _all_withdrawn(self, number: int) -> Payout | None:
        """A withdrawal that nobody has sent yet; the wallet is empty."""
        payout = self._queued_payout(number)
        with self.calmly():
            self.payday(number % 3, 0, 1)
        return payout

    # The stories

    def silent_client(self, number: int, crash: int) -> None:
        """Nobody answers the work: the clock approves."""
        self._begun(number, kind="milestone" if number % 2 else "fixed", parts=2)
        with self.calmly():
            self.work(0, 1)
        self._sweeps(crash, after=75 * HOUR)

    def silent_doer(self, number: int, crash: int) -> None:
        """Work never comes: the doer is asked, then the clock gives the money back."""
        self._begun(number, kind="milestone" if number % 2 else "fixed", parts=2)
        self._sweeps(crash, after=20 * DAY)
        self._sweeps(crash + 3, after=4 * DAY)

    def unpaid_milestone(self, number: int, crash: int) -> None:
        """The first part is done, and the money for the next never comes."""
        with self.calmly():
            deal = self._deal(number, kind="milestone", parts=2)
            self.checkout(0, 2, 1)
            self._verify(self._paid_at_bank(self._payment_row(deal)[3]), 1)
            self.work(0, 1)
            self.approval(0, 0, 1)
        self._sweeps(crash, after=15 * DAY)

    def milestones(self, number: int, crash: int) -> None:
        """Parts are handed in and approved, one or all."""
        self._begun(number, kind="milestone", parts=2 + number % 2)
        self.work(0, crash, number % 2)
        if number % 4 == 0:
            self.revision(0, crash + 1)
        self.approval(0, number % 2, crash + 2)

    def held_pay(self, number: int, crash: int) -> None:
        """A bank disputes the payment of work that is being approved; then it gives in."""
        is_milestone = bool(number % 2)
        deal = self._begun(number, kind="milestone" if is_milestone else "fixed", parts=2)
        dispute = self._disputed(deal, takes=bool(number % 4 // 2))
        with self.calmly():
            self._deliver(-1, 1)
            self.work(0, 1)
            self.approval(0, 0, 1)
            self.bank.close_dispute(dispute, "won")
            self._deliver(-1, 1)
        if number % 8 < 4:
            self._sweeps(crash)
        else:
            self.act("outbox", deliver_due, crash)

    def _disputed(self, deal: Deal, *, takes: bool) -> dict[str, Any]:
        order = self._payment_row(deal)[3]
        payment = next(one for one in self.bank.payments.values() if one["order_id"] == order)
        self.bank.dispute(payment, phase="chargeback", reason="not_as_described", takes=takes, answered=True)
        return list(self.bank.disputes.values())[-1]

    def unheard_dispute(self, number: int, crash: int) -> None:
        """Nobody tells us that a bank disputes a payment, nor how it ends."""
        deal = self._done(number) if number % 2 else self._begun(number)
        dispute = self._disputed(deal, takes=bool(number % 4 // 2))
        if number % 8 < 4:
            self._sweeps(crash)
        elif number % 8 < 6:
            self._deliver(-1, crash, name="dispute")
        self.bank.close_dispute(dispute, ("lost", "won", "lost")[number % 3])
        if number % 16 < 8:
            self._sweeps(crash + 2, after=LONG)
        else:
            self._deliver(-1, crash + 2, name="dispute")

    def silent_look(self, number: int, crash: int) -> None:
        """Somebody asks about a dispute that we know, and the gateway does not answer."""
        dispute = self._known_dispute(self._begun(number), number)
        with self.unheard():
            self._ask_about(dispute, crash)

    def _known_dispute(self, deal: Deal, number: int) -> dict[str, Any]:
        dispute = self._disputed(deal, takes=bool(number % 4 // 2))
        with self.calmly():
            self._deliver(-1, 1)
        return dispute

    def _ask_about(self, dispute: dict[str, Any], crash: int) -> None:
        self.act("ask about dispute", lambda: payments.look_at_chargeback(dispute_id=dispute["id"]), crash)

    def withdrawn_meanwhile(self, number: int, crash: int) -> None:
        """A doer withdraws; his pay is disputed, or a dispute that we knew before is lost; nobody tells us."""
        if number % 2:
            dispute = self._known_dispute(self._done(number), number)
        if self._all_withdrawn(number) is None:
            return self.otherwise(crash)
        if number % 2:
            self.bank.close_dispute(dispute, "lost")
            self._ask_about(dispute, crash)
        else:
            self._disputed(list(self.model.deals.values())[-1], takes=bool(number % 4))
            self.act("find disputes", payments.find_chargebacks, crash)
        return None

    def late_authorisation(self, number: int, crash: int) -> None:
        """A payment is authorised, or captured, and the client never comes back to tell."""
        with self.calmly():
            deal = self._deal(number)
            self.checkout(0, 0, 1)
        self._paid_at_bank(self._payment_row(deal)[3], "captured" if number % 3 == 0 else "authorized")
        self._sweeps(crash, after=LONG)
        self._sweeps(crash + 1, after=LONG)

    def dead_boost(self, number: int, crash: int) -> None:
        """A boost is paid for a gig that has been given up, or never paid."""
        with self.calmly():
            gig = self.order_boost(self.clients[number % 2], 3, 1)
        payment = Payment.objects.filter(purpose="boost").latest("id")
        if number % 4 == 0 or payment.gateway_order_id is None:
            return self._sweeps(crash, after=26 * HOUR)
        if number % 4 == 3:
            with self.calmly():
                self._verify(self._paid_at_bank(payment.gateway_order_id), 1)
        with self.calmly():
            self.act("close gig", lambda: gigs.close_gig(gig=gig, client=gig.client), 1)
        if number % 4 == 1:
            self._verify(self._paid_at_bank(payment.gateway_order_id), crash)
        elif number % 4 == 2:
            self._paid_at_bank(payment.gateway_order_id)
            with self.calmly():
                self._deliver(-2, 1)
        if number % 8 == 6:
            return self._sweeps(crash + 1, after=26 * HOUR)
        self.act("outbox", deliver_due, crash + 1)
        return None

    def cancelled_payout(self, number: int, crash: int) -> None:
        """A doer withdraws, and changes his mind."""
        payout = self._queued_payout(number)
        if payout is None:
            return self.otherwise(crash)
        self.act("cancel payout", lambda: payments.cancel_payout(payout=payout, user=payout.user), crash)
        return None

    def lost_payout(self, number: int, crash: int) -> None:
        """Payouts go out by the outbox or at once, with answers lost; some end without a word, some come back."""
        payout = self._queued_payout(number)
        if payout is None:
            return self.otherwise(crash)
        if number % 4 == 1:
            with self.calmly(), self.unheard() if number % 8 == 1 else nullcontext():
                self.act("send payout", lambda: payments.send_payout(payout_id=payout.pk), 1)
            self._sweeps(crash, after=8 * DAY)
        elif number % 4 == 3:
            self.act("outbox", deliver_due, crash)
        else:
            self.act("send payout", lambda: payments.send_payout(payout_id=payout.pk), crash)
        self._sweeps(crash + 5, after=LONG)
        sent = [one for one in self.bank.payouts.values() if one["status"] == "processing"]
        for one in sent[-1:]:
            self.bank.settle_payout(one, ("processed", "failed", "processed", "reversed")[number // 2 % 4])
            if number % 8 < 4:
                self._sweeps(crash + 10, after=LONG)
            else:
                self._deliver(-1, crash + 1)
            if one["status"] == "processed":
                self.bank.settle_payout(one, "reversed")
                self._deliver(-1, crash + 2)
        return None

    def penny(self, number: int, crash: int) -> None:
        """An account is checked: by the outbox or at once, with answers lost, and found done by a look."""
        doer, account_number = self.doers[number % 3], f"{next(self.numbers):012d}"
        account = payments.add_bank_account(
            user=doer, holder_name="Ravi Kumar", account_number=account_number, ifsc="HDFC0000053"
        )
        validation = payments.start_validation(account=account, user=doer)
        if number % 2:
            self.act("outbox", deliver_due, crash)
        else:
            self.act("penny drop", lambda: payments.send_validation(validation_id=validation.pk), crash)
        self._sweeps(crash + 5, after=LONG)
        self._bank_checks()
        self._sweeps(crash + 10, after=LONG)

    def taken_back(self, number: int, crash: int) -> None:
        """A doer's pay is taken back while he withdraws it."""
        if self._all_withdrawn(number) is None:
            return self.otherwise(crash)
        self.taking_back(0, 255, crash)
        return None

    def money_back(self, number: int, crash: int) -> None:
        """The client gets his money: whole or in part, by the operator or the policy."""
        self._begun(number)
        if number % 2:
            self.refunding(0, 255 if number % 4 == 1 else 100, crash)
        else:
            self._pass((3 * HOUR, 0, 8 * DAY)[number % 3])
            self.cancelling(0, NO_SHOW if number % 3 == 0 else number | 1, crash)
            self._sweeps(crash + 3, after=50 * HOUR)

    def ended_early(self, number: int, crash: int) -> None:
        """An order ends, or the rest of one of which a part is done, and the doer's rate of completion follows."""
        if number % 3:
            self._begun(number, kind="milestone", parts=3)
            with self.calmly():
                self.work(0, 1, 1)
                self.approval(0, 1, 1)
                self.cancelling(0, number | 1, 1)
        else:
            self._done(number)
        self.act("outbox", deliver_due, crash)

    def overtaken_refund(self, number: int, crash: int) -> None:
        """A refund is never heard, and meanwhile the payer's bank takes the money back."""
        deal = self._begun(number)
        with self.calmly():
            self.refunding(0, 255, 1)
        with self.calmly(), self.unheard():
            self.sending_back(0, 1)
        dispute = self._disputed(deal, takes=bool(number % 2))
        self.bank.close_dispute(dispute, "lost")
        with self.calmly():
            self._deliver(-1, 1)
        self._sweeps(crash, after=LONG)

    def refund_on_its_way(self, number: int, crash: int) -> None:
        """A refund is sent with answers lost, is found done or failed, comes back, and is tried again."""
        self._begun(number)
        with self.calmly():
            self.refunding(0, 255, 1)
        self.sending_back(0, crash)
        self._sweeps(crash + 5, after=LONG)
        for refund in list(self.bank.refunds.values())[-1:]:
            if refund["status"] == "pending":
                self.bank.settle_refund(refund, "failed" if number % 4 == 0 else "processed")
            if number % 2:
                self._sweeps(crash + 10, after=LONG)
            else:
                self._deliver(-1, crash + 1)
            if refund["status"] == "processed":
                self.bank.settle_refund(refund, "failed")
                self._deliver(-1, crash + 2)
        self.sending_back(0, crash + 3)

    def overtaken_word(self, number: int, crash: int) -> None:
        """A refund is done and comes back before our own word is read that it was promised."""
        self._begun(number)
        with self.calmly():
            self.refunding(0, 255, 1)
            self.sending_back(0, 1)
        for refund in list(self.bank.refunds.values())[-1:]:
            if refund["status"] == "pending":
                self.bank.settle_refund(refund, "processed")
                with self.calmly():
                    self._deliver(-1, 1)
                self.bank.settle_refund(refund, "failed")
        self.act("outbox", deliver_due, crash)


STORIES: Final = {
    "silent_client": r"approve_(milestone_)?by_clock",
    "silent_doer": r"silence|overdue",
    "unpaid_milestone": r"dropping",
    "milestones": r"milestones\.(working|deciding\.approve_milestones)|request_revision",
    "held_pay": r"release_held|follow_chargeback|go_on_after_chargeback",
    "unheard_dispute": r"(find|look_at)_chargeback(?!.*(payout_returned| write))|end_charged_back"
    r"|record_dispute|post chargeback|work_through > .*(_failed|post return)",
    "silent_look": r"look_at_chargeback: .* write",
    "withdrawn_meanwhile": r"(find|look_at)_chargeback.* > .*payout_returned",
    "late_authorisation": r"look_at_payment",
    "dead_boost": r"return_boosts|expire_unpaid_boost|(take_up_payment|verify_payment) > .*post return",
    "ended_early": r"keep_completion_rate|MilestonesCancelled",
    "cancelled_payout": r"cancel_payout|request_payout",
    "lost_payout": r"send_payout|send_requested_payout|work_through > .*payout",
    "penny": r"banking|started_check",
    "taken_back": r"refund_order > .*(payout_returned|return)",
    "money_back": r"cancel_order|refund_order|contesting",
    "overtaken_refund": r"_overtaken",
    "refund_on_its_way": r"refunds\.(?!.*refund_back)|work_through > .*refund_(back|done)",
    "overtaken_word": r"send_refund > .*refund_back",
}
"""What each leads to, in the names of points."""
