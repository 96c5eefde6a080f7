"""The end of the proof: our books, the bank's book, and what had to happen, to the paisa."""

from collections import Counter, defaultdict
from uuid import UUID

from payments.models import AccountKind, Payout
from payments.selectors import check_ledger, compare_with_gateway
from payments.tests.factories import balance
from verify.payouts.playing import EACH_EARNS, PAID, Play
from verify.proof import Run

HAPPENED = ("processed", "failed", "reversed")


def compare(run: Run, play: Play) -> None:
    """Note everything that is not as it must be."""
    theirs = defaultdict(list)
    for made in play.khidma.gateway.ledger()["payouts"]:
        theirs[UUID(made["reference_id"])].append(made)
    ours = Payout.objects.in_bulk()
    for story in play.stories:
        payout, made = ours[story.payout_id], theirs.pop(story.payout_id, [])
        if payout.status != story.status:
            run.violation(f"{story} ended {payout.status}")
        if len(made) != story.is_made:
            run.violation(f"{story} was made {len(made)} times at the bank")
        if made and (made[0]["status"] == "processed") != (story.ends == PAID):
            run.violation(f"{story} is {made[0]['status']} at the bank")
        if pending := balance(AccountKind.PAYOUT_PENDING, story.payout_id):
            run.violation(f"{story} still has {pending} on its way")
    for reference in theirs:
        run.violation(f"the bank knows a payout {reference} that nobody asked for")
    _compare_wallets(run, play)
    _compare_totals(run, play)


def _compare_wallets(run: Run, play: Play) -> None:
    paid: Counter[UUID] = Counter()
    for story in play.stories:
        paid[story.user_id] += story.amount if story.ends == PAID else 0
    for user in play.users:
        found, due = balance(AccountKind.WALLET, user.pk), EACH_EARNS - paid[user.pk]
        if found != due:
            run.violation(f"the wallet of {user.pk} holds {found}, and {due} is right")


def _compare_totals(run: Run, play: Play) -> None:
    book, report = play.khidma.gateway.ledger(), check_ledger()
    for fault in report.faults:
        run.violation(fault)
    for difference in compare_with_gateway(book, report):
        if difference.startswith("payout account"):  # earnings of this proof were captured at no gateway
            run.violation(difference)
    paid = [story for story in play.stories if story.ends == PAID]
    run.figure("payouts", len(play.stories))
    run.figure("paid once", len(paid))
    run.figure("back in the wallet", len(play.stories) - len(paid))
    run.figure("calls without an answer", play.troubles)
    run.figure(
        "payout account, ours / theirs", f"{report.total(AccountKind.PAYOUT_BANK)} / {book['balances']['payout']}"
    )
