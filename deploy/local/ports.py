"""Ports on the loopback address: which are free."""

import secrets
import socket


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(preferred: int | None, *, among: range) -> int:
    """The preferred port if it is free, else a free one of the range.

    Ranges lie below those that outgoing connections take, and each kind of server has its own, so that no two starts at
    the same moment choose alike but by rare chance.
    """
    if preferred and is_free(preferred):
        return preferred
    while not is_free(port := among.start + secrets.randbelow(len(among))):
        continue
    return port
