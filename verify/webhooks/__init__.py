"""Proof `webhooks`: in whatever order, how often and with whatever lies between them the gateway's events come,
everything ends as it would have in the right order.
"""

import time
from collections import Counter
from typing import TYPE_CHECKING

from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from verify.market import Stage
    from verify.webhooks.playing import Play

BATCH = 60
AT_REST_SECONDS = 240.0
SHORT_SECONDS = 90.0
"""The same where a control is tried; what the poller makes up for comes within that as well."""
SLOWEST = 0.5


def prove(run: Run) -> None:
    """Stories in batches: each happens at the gateway, then its events arrive; at the end everything is compared."""
    from verify.beside import beside

    with beside(run.scratch) as khidma:
        from verify.market import Stage
        from verify.webhooks.playing import Play

        stage = Stage(khidma)
        try:
            play = Play(run, stage)
            play.play(BATCH)
            compare(run, stage, play)
        finally:
            stage.close()


def compare(run: Run, stage: "Stage", play: "Play") -> None:
    """What was delivered, how it was answered, and how every story ended."""
    from khidma.kernel.models import OutboxDelivery
    from payments.models import GatewayEvent

    began, patience = time.monotonic(), SHORT_SECONDS if run.until_violation else AT_REST_SECONDS
    wrong = play.wrong_ends()
    while wrong and time.monotonic() - began < patience and not play.is_hopeless():
        time.sleep(2)
        wrong = play.wrong_ends()
    for sentence in wrong:
        run.violation(sentence)
    for event in GatewayEvent.objects.exclude(status__in=["done", "ignored"])[:5]:
        run.violation(
            f"{event.name} {event.event_id} is {event.status} after {event.attempts} tries: {event.last_error}"
        )
    for fault in play.forgeries_taken():
        run.violation(fault)
    if dead := OutboxDelivery.objects.filter(status="dead").count():
        run.violation(f"{dead} events could not be delivered")
    checked = stage.khidma.manage("ledger_check", "--gateway")
    if checked.returncode:
        run.violation(f"ledger_check: {checked.stdout[-1000:]}{checked.stderr[-1000:]}")
    tell(run, play, time.monotonic() - began)


def tell(run: Run, play: "Play", rested: float) -> None:
    """The figures."""
    postman = play.postman
    run.figure("deliveries", postman.true + postman.forged)
    run.figure("forged", postman.forged)
    run.figure("forged and taken", postman.taken)
    run.figure(
        "stories", ", ".join(f"{name}: {count}" for name, count in Counter(s.name for s in play.stories).items())
    )
    run.figure("orders of events", len(play.orders))
    run.figure("dropped, for the poller", play.dropped)
    run.figure("p50 ms", round(postman.percentile(0.5) * 1000))
    run.figure("p99 ms", round(postman.percentile(0.99) * 1000))
    run.figure("slowest ms", round(postman.percentile(1.0) * 1000))
    run.figure("at rest after", f"{rested:.0f} s")
    if postman.percentile(0.99) >= SLOWEST:
        run.violation(f"the slowest hundredth of the answers took {postman.percentile(0.99) * 1000:.0f} ms or more")


PROOF = Proof(
    name="webhooks",
    sizes={
        "ci": {"deliveries": 2_000, "forged": 210, "whole": False},
        "full": {"deliveries": 20_000, "forged": 2_200, "whole": True},
    },
    prove=prove,
    controls=[
        Break(
            path="payments/services/gateway_events.py",
            old="    if not gateway().is_event_signed(raw, signature):\n",
            new="    if not gateway().is_event_signed(raw, signature) and not raw:\n",
            because="signatures are not looked at",
        ),
        Break(
            path="payments/services/refunds/merging.py",
            old='sighting.status == "failed" and refund.status in {*UNDER_WAY, RefundStatus.PROCESSED}:',
            new='sighting.status == "failed" and refund.status in UNDER_WAY:',
            because="a refund cannot come back after it was processed",
        ),
        Break(
            path="payments/services/capturing.py",
            old='    elif sighting.status == "failed" and payment.status == PaymentStatus.CREATED:\n',
            new='    elif sighting.status == "failed" and payment.status != PaymentStatus.FAILED:\n',
            because="an old failure counts after a capture",
        ),
    ],
)
