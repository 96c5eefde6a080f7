"""`python -m deploy.local run|test`: what the Makefile calls."""

import os
import sys
from collections.abc import Sequence
from signal import SIGTERM

from deploy.local import processes


def main(arguments: Sequence[str]) -> int:
    if os.environ.get("MAKELEVEL"):
        processes.end_with_parent(SIGTERM)  # `make` killed outright stops us too
    what, *rest = arguments
    if what == "test":
        from deploy.local import suite

        return suite.main(rest)
    if what == "run":
        from deploy.local import run

        return run.main()
    sys.exit(f"There is no {what!r} here.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
