"""Proof `payouts`: whatever the bank and the way to it do, each withdrawal is paid once or is back in the wallet."""

import time

from verify.proof import Break, Proof, Run

WITHDRAWING = "payments/services/withdrawing.py"


def prove(run: Run) -> None:
    """Every kind of trouble in turn; at the end our books, the bank's and what had to happen are compared."""
    from verify.inside import inside

    with inside(settings={"KHIDMA_PROCESS": "worker"}) as khidma:
        from verify.payouts.comparing import compare
        from verify.payouts.playing import Play

        began = time.monotonic()
        play = Play(run, khidma)
        play.set_up()
        play.play()
        run.figure("minutes", round((time.monotonic() - began) / 60, 1))
        compare(run, play)


PROOF = Proof(
    name="payouts",
    sizes={"ci": {"payouts": 500, "users": 10}, "full": {"payouts": 5_000, "users": 50}},
    prove=prove,
    controls=[
        Break(
            path=WITHDRAWING,
            old="sighting = gateway().pay_out(attempt.body, key=str(attempt.key))",
            new='sighting = gateway().pay_out(attempt.body, key=f"{str(attempt.key)[:30]}{attempt.calls}")',
            because="the key is renewed on retry",
        ),
        Break(
            path=WITHDRAWING,
            old="REPEATED_FOR = timedelta(days=7)",
            new="REPEATED_FOR = timedelta(days=700)",
            because="a payout is repeated after the gateway has forgotten its key",
        ),
        Break(
            path=WITHDRAWING,
            old='"queue_if_low_balance": True,',
            new='"queue_if_low_balance": False,',
            because="a payout does not wait for balance",
        ),
    ],
)
