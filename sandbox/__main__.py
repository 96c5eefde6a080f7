"""`python -m sandbox`: serve the stand-in on this machine."""

import logging
import sys

import uvicorn

from sandbox.app import create_app
from sandbox.configuration import StartRefused, from_environment


def main() -> int:
    """Serve until told to stop; 2 when the environment forbids it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        configuration = from_environment()
    except StartRefused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    uvicorn.run(
        create_app(configuration),
        host="127.0.0.1",
        port=configuration.port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
