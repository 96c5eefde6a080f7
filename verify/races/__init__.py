"""Proof `races`: whatever many callers want of one thing in one moment, one of them gets it, or all get the same."""

import asyncio
import time
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from verify.market import Stage
    from verify.races.contest import Contest

AT_REST_SECONDS = 180.0


def prove(run: Run) -> None:
    """Every contest so many rounds, against a whole running Khidma; then everything at rest, and the books exact."""
    from verify.beside import beside

    with beside(run.scratch) as khidma:
        from verify.market import Stage

        stage = Stage(khidma)
        try:
            fight(run, stage)
            compare(run, stage)
        finally:
            stage.close()


def fight(run: Run, stage: "Stage") -> None:
    """The contests in turn, in an order drawn from the seed."""
    from verify.races.money import MONEY
    from verify.races.people import PEOPLE

    rounds = [(contest, number) for contest in (*MONEY, *PEOPLE) for number in range(int(run.size["rounds"]))]
    if only := str(run.size.get("only", "")):
        rounds = [one for one in rounds if only in one[0].name]
    run.random.shuffle(rounds)
    took: dict[str, list[float]] = {}
    statuses: Counter[int] = Counter()
    for done, (contest, number) in enumerate(rounds):
        seconds = round_of(run, contest(stage, number), statuses)
        took.setdefault(contest.name, []).append(seconds)
        run.progress(done, len(rounds))
    run.figure("actions", len(took))
    run.figure("rounds of each", run.size["rounds"])
    run.figure("callers at once", run.size["callers"])
    run.figure("answers", ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    for name, all_seconds in sorted(took.items()):
        run.figure(f"{name}, s until the last answer", f"median {median(all_seconds):.2f}, most {max(all_seconds):.2f}")


def round_of(run: Run, contest: "Contest", statuses: Counter[int]) -> float:
    """One round; the seconds until the last answer."""
    from verify.volley import volley

    contest.prepare()
    shots = contest.shots(int(run.size["callers"]))
    began = time.perf_counter()
    replies = asyncio.run(volley(contest.stage.khidma.port, shots))
    seconds = time.perf_counter() - began
    statuses.update(reply.status for reply in replies)
    for fault in contest.judge(replies):
        run.violation(f"{contest.name}, round {contest.number}: {fault}")
    return seconds


def compare(run: Run, stage: "Stage") -> None:
    """When nothing is on its way any more, the ledger is exact and says the same as the gateway."""
    from khidma.kernel.models import OutboxDelivery
    from payments.models import Capture, Payout, Refund
    from verify.market import unbalanced

    began = time.monotonic()
    stage.wait_for(stage.is_at_rest, "everything was delivered", AT_REST_SECONDS)
    stage.wait_for(lambda: not Payout.objects.filter(status="queued").exists(), "every payout was sent")
    dead = OutboxDelivery.objects.filter(status="dead").count()
    if dead:
        run.violation(f"{dead} events could not be delivered")
    for fault in unbalanced():
        run.violation(fault)
    checked = stage.khidma.manage("ledger_check", "--gateway")
    if checked.returncode:
        run.violation(f"ledger_check: {checked.stdout[-1000:]}{checked.stderr[-1000:]}")
    run.figure("captures", Capture.objects.count())
    run.figure("refunds", Refund.objects.count())
    run.figure("payouts", Payout.objects.count())
    run.figure("at rest after", f"{time.monotonic() - began:.0f} s")


PROOF = Proof(
    name="races",
    sizes={"ci": {"rounds": 3, "callers": 20}, "full": {"rounds": 50, "callers": 50}},
    prove=prove,
    controls=[
        Break(
            path="orders/services/deciding.py",
            old="client=client)\n    order = lock(order)\n    _approve",
            new="client=client)\n    order = Order.objects.get(pk=order.pk)\n    _approve",
            because="an order that is approved is not locked",
        ),
        Break(
            path="accounts/services/sessions.py",
            old="RefreshToken.objects.filter(pk=found.pk, used_at__isnull=True, expires_at__gt=Now())",
            new="RefreshToken.objects.filter(pk=found.pk, expires_at__gt=Now())",
            because="a refresh token is used up without asking whether it was",
        ),
    ],
)
