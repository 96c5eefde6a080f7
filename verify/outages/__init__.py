"""`outages`: the demo's flow must go through while one part is killed or frozen before every step."""

import importlib
import os
import shutil
from typing import Any

from verify.proof import Break, Proof, Run
from verify.running import running

PARTS = ("valkey", "worker", "sandbox", "clock", "web", "postgres")
WAYS = ("kill", "freeze")


def prove(run: Run) -> None:
    """Play the flow under each combination; each effect once, and the ledger equals the stand-in's book."""
    with running() as khidma:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")
        import django

        django.setup()
        playing: Any = importlib.import_module("verify.outages.playing")
        combinations, faults = run.size["combinations"], 0
        for number, (way, part) in enumerate(combinations):
            made, wrong = playing.play(khidma, part, way)
            faults += made
            run.progress(number + 1, len(combinations))
            if wrong:
                shutil.copytree(khidma.home / "logs", run.scratch / f"{way}-{part}", dirs_exist_ok=True)
                run.violation(f"{way} {part}: {wrong}")
        if wrong := playing.books(khidma):
            run.violation(f"the books: {wrong}")
        run.figure("flows", len(combinations))
        run.figure("faults", faults)


PROOF = Proof(
    name="outages",
    sizes={
        "ci": {"combinations": [("kill", "valkey")]},
        "full": {"combinations": [(way, part) for way in WAYS for part in PARTS]},
    },
    prove=prove,
    controls=[
        Break(
            path="khidma/kernel/outbox.py",
            old="    except (BrokerDown, RedisError, OSError) as error:  # the sweep makes up for it",
            new="    except ZeroDivisionError as error:",
            because="a wake-up that cannot be sent fails the request",
        ),
    ],
)
