"""What undoes an agreement: cancellations, refunds, returns, disputes."""

from hypothesis.stateful import rule

from orders import services as orders
from orders.models import Order
from payments.models import Refund
from verify.ledger.agreeing import Agreements
from verify.ledger.arithmetic import CANCEL_BP, at_stake, kept_back
from verify.ledger.model import DAY, HOUR, Cancelling, Deal, Thing
from verify.ledger.world import BLAMES, CANCEL_REASONS, CRASH, DISPUTES, NUMBER

UNWORKED = {"in_progress", "funded", "pending", "pending_payment"}


class Undoings(Agreements):
    """Money that goes back."""

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def cancel(self, number: int, how: int, crash: int) -> None:
        self.cancelling(number, how, crash)

    def cancelling(self, number: int, how: int, crash: int) -> None:
        """One of the two ends it, for this or that reason."""
        paid = [deal for deal in self._live() if any(self._is_open(thing) for thing in deal.things)]
        deal = self.pick(number, paid) if how % 4 else self.deal(number, "pending_payment", "in_progress")
        if deal is None:
            return self.otherwise(crash)
        order = self._order(deal)
        side, reason = ("client", "doer")[how // 16 % 2], CANCEL_REASONS[how // 2 % len(CANCEL_REASONS)]
        actor = order.client if side == "client" else order.doer
        deal.is_given_up = True
        for thing in deal.things:
            if self._is_open(thing) or deal.status == "pending_payment":
                thing.asked_to_cancel = self._policy(deal, thing, side, reason)
        if self.act("cancel", lambda: orders.cancel_order(order=order, actor=actor, reason=reason), crash):
            self.must(not any(self._is_open(thing) for thing in deal.things), f"order {deal.key} cancelled")
        self._forget_intentions(deal)
        return None

    def _is_open(self, thing: Thing) -> bool:
        """Whether a cancellation can end it: its money is here, whoever has looked, and nothing was ever handed in."""
        return thing.state == "funded" and not thing.was_submitted and thing.status in UNWORKED

    def _forget_intentions(self, deal: Deal) -> None:
        """What was intended and did not come about is intended no more."""
        deal.is_given_up = False
        for thing in deal.things:
            thing.asked_to_cancel = None
            thing.parts.clear()
            thing.returns.clear()

    def _policy(self, deal: Deal, thing: Thing, side: str, reason: str) -> Cancelling:
        """The table of the cancellation policy, for remote work, read once more."""
        held, now = thing.held, self.model.now()
        began_at = thing.began_at or now  # its money may have come, and nobody have looked yet
        due_at = (deal.placed_at if deal.kind == "milestone" else began_at) + deal.days * DAY
        blamed = BLAMES.get(reason, side)
        stake = 0 if now > due_at or now < began_at + 2 * HOUR else at_stake(held, CANCEL_BP)
        is_contestable = blamed != side and not (side == "doer" and blamed == "none")
        return Cancelling(
            gross=stake if blamed == "client" else 0, kept=kept_back(held, stake) if is_contestable else 0
        )

    @rule(number=NUMBER, share_of=NUMBER, crash=CRASH)
    def refund_part(self, number: int, share_of: int, crash: int) -> None:
        self.refunding(number, share_of, crash)

    def refunding(self, number: int, share_of: int, crash: int) -> None:
        """An operator sends a part back, or everything."""
        deal = self.deal(number, "in_progress", "submitted")
        if deal is None or deal.kind == "milestone" or deal.held < 300:
            return self.otherwise(crash)
        order, thing = self._order(deal), deal.things[0]
        amount = deal.held if share_of > 240 else max(100, deal.held * share_of // 512)
        if amount == deal.held:
            thing.asked_to_cancel = Cancelling(gross=0, kept=0)
        else:
            thing.parts.append(amount)
        self._refund("refund", order, amount, crash)
        self._forget_intentions(deal)
        return None

    @rule(number=NUMBER, share_of=NUMBER, crash=CRASH)
    def take_back(self, number: int, share_of: int, crash: int) -> None:
        self.taking_back(number, share_of, crash)

    def taking_back(self, number: int, share_of: int, crash: int) -> None:
        """An operator sends back what was released: out of our fee, and the doer's wallet or debt."""
        ended = [deal for deal in self.model.deals.values() if deal.status in {"completed", "cancelled"}]
        deal = self.pick(number, [one for one in ended if one.things[0].released - one.things[0].returned >= 200])
        if deal is None or deal.kind == "milestone":
            return self.otherwise(crash)
        thing = deal.things[0]
        left = thing.released - thing.returned
        amount = left if share_of > 200 else max(100, left * share_of // 512)
        thing.returns.append(amount)
        self._refund("return", self._order(deal), amount, crash)
        self._forget_intentions(deal)
        return None

    def _refund(self, name: str, order: Order, amount: int, crash: int) -> None:
        refunds = Refund.objects.filter(escrow__reference=order.pk)
        before = refunds.count()
        self.act(
            name,
            lambda: orders.refund_order(order=order, operator=self.operator, amount=amount, reason="Agreed"),
            crash,
            again=lambda: refunds.count() == before,
        )

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def dispute(self, number: int, how: int, crash: int) -> None:
        """A bank disputes a payment of which nothing went back, or decides about one that it disputes."""
        live = [one for one in self.bank.disputes.values() if one["status"] == "open"]
        disputed = {one["payment_id"] for one in self.bank.disputes.values()}
        given_back = {promise.payment for promise in self.model.promises.values()}
        payments_here = [
            one
            for one in self.bank.payments.values()
            if one["id"] in self.model.booked_payments - disputed
            and one["currency"] == "INR"
            and one["amount"] == self.bank.orders[one["order_id"]]["amount"]
            and self.bank.orders[one["order_id"]]["receipt"] not in given_back
            and self.model.payments[self.bank.orders[one["order_id"]]["receipt"]].things
        ]
        if live and (how % 2 or not payments_here):
            self.bank.close_dispute(self.pick(number, live), ("won", "lost", "lost", "closed")[how // 2 % 4])
        elif payments_here and how % 4 == 0:
            phase, reason = ("chargeback", "chargeback", "fraud")[how // 4 % 3], DISPUTES[how // 16 % len(DISPUTES)]
            moves = phase == "chargeback"
            self.bank.dispute(
                self.pick(number, payments_here),
                phase=phase,
                reason=reason,
                takes=moves and how // 64 % 2 == 0,
                answered=how // 128 % 2 == 0,
            )
        else:
            return self.otherwise(crash)
        self._deliver(len(self.bank.letters) - 1, crash, name="dispute")
        return None
