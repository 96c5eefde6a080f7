"""Periodic work of accounts: forgetting what has lost its meaning."""

from accounts.services.codes import forget_old_codes
from accounts.services.sessions import forget_old_sessions
from khidma.kernel.sweeps import sweep


@sweep(every=3600)
def forget_codes() -> int:
    """Codes and wrong tries, a day after they expired."""
    return forget_old_codes()


@sweep(every=3600)
def forget_sessions() -> int:
    """Refresh tokens and sessions, thirty days after they ended."""
    return forget_old_sessions()
