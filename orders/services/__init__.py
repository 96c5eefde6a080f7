"""Every write of orders, one function per use case."""

from orders.services.boosting import expire_unpaid_boost, prepare_boost, return_boosts
from orders.services.cancelling import cancel_order
from orders.services.charging_back import end_charged_back, go_on_after_chargeback
from orders.services.completion import keep_completion_rate
from orders.services.contesting import contest_cancellation, judge_cancellation, settle_cancellation
from orders.services.deciding import approve_by_clock, approve_work
from orders.services.ending import expire_unpaid
from orders.services.milestones.deciding import approve_milestone_by_clock, approve_milestones
from orders.services.milestones.dropping import drop_milestone_by_clock
from orders.services.milestones.overdue import ask_about_overdue_milestone, refund_overdue_milestone
from orders.services.milestones.working import revise_milestones, submit_milestones
from orders.services.paying import confirm_payment, prepare_payment, take_up_payment, verify_payment
from orders.services.placing import accept_application
from orders.services.quoting import forget_quotes, quote_cancellation
from orders.services.refunding import refund_order
from orders.services.releasing import held_milestones, held_orders, release_held_milestone, release_held_order
from orders.services.reviewing import reply_to_review, show_review, write_review
from orders.services.silence import ask_silent, refund_silent, silent_orders
from orders.services.working import request_revision, start_work, submit_work

__all__ = [
    "accept_application",
    "approve_by_clock",
    "approve_milestone_by_clock",
    "approve_milestones",
    "approve_work",
    "ask_about_overdue_milestone",
    "ask_silent",
    "cancel_order",
    "confirm_payment",
    "contest_cancellation",
    "drop_milestone_by_clock",
    "end_charged_back",
    "expire_unpaid",
    "expire_unpaid_boost",
    "forget_quotes",
    "go_on_after_chargeback",
    "held_milestones",
    "held_orders",
    "judge_cancellation",
    "keep_completion_rate",
    "prepare_boost",
    "prepare_payment",
    "quote_cancellation",
    "refund_order",
    "refund_overdue_milestone",
    "refund_silent",
    "release_held_milestone",
    "release_held_order",
    "reply_to_review",
    "request_revision",
    "return_boosts",
    "revise_milestones",
    "settle_cancellation",
    "show_review",
    "silent_orders",
    "start_work",
    "submit_milestones",
    "submit_work",
    "take_up_payment",
    "verify_payment",
    "write_review",
]
