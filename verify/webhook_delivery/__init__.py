"""Proof `webhook-delivery`: who is well hears of everything and soon, whatever others and our worker do."""

from verify.proof import Break, Proof, Run

SENDING = "notifications/services/webhooks/sending.py"
RECORDING = "notifications/services/webhooks/recording.py"


def prove(run: Run) -> None:
    """Announce facts to receivers good and bad, kill the worker on the way, and compare what each got with what was."""
    from verify.beside import GIVEN, beside
    from verify.webhook_delivery.receivers import Receivers

    with (
        Receivers(run.size["healthy"]) as receivers,
        beside(run.scratch, given={**GIVEN, "KHIDMA_NEAR_RECEIVERS": ",".join(receivers.places)}) as khidma,
    ):
        from verify.webhook_delivery.playing import Play

        play = Play(run, khidma, receivers)
        play.set_up()
        play.announce()
        play.come_to_rest()
        play.judge()


PROOF = Proof(
    name="webhook-delivery",
    sizes={
        "ci": {"events": 1_000, "healthy": 4, "kills": 1},
        "full": {"events": 20_000, "healthy": 4, "kills": 12},
    },
    prove=prove,
    controls=[
        Break(
            path=SENDING,
            old="            await asyncio.wait(self.turns, timeout=LOOK_SECONDS)\n",
            new="            await asyncio.wait(self.turns)\n",
            because="a lane waits for the slowest of those that it talks to",
        ),
        Break(
            path="notifications/services/webhooks/signing.py",
            old="    message_id = str(delivery.pk)\n",
            new='    message_id = f"{delivery.pk}-{delivery.attempts}"\n',
            because="every attempt has an id of its own",
        ),
        Break(
            path=RECORDING,
            old="    is_over = due_at >= delivery.give_up_at\n",
            new="    is_over = True\n",
            because="what fails once is given up",
        ),
        Break(
            path=RECORDING,
            old="    if outcome.status == GONE:\n",
            new="    if outcome.status == 411:\n",
            because="410 is a failure as any other",
        ),
        Break(
            path=RECORDING,
            old='.update(due_at=Subquery(waiting.values("due_at")[:1]), **changes)\n',
            new=".update(due_at=None, **changes)\n",
            because="what comes in while a subscription is served is forgotten",
        ),
    ],
)
