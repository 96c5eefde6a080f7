"""Every way a message does not go out. To whoever waits for an answer all are 503."""

from khidma.kernel.errors import Unavailable


class NotDeliverable(Unavailable):
    """Whoever was asked said no for good: trying the same again will not help. `reason` is theirs, for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class DeviceGone(NotDeliverable):
    """The app is no longer on this device: its token is dead."""


class NotTaken(Unavailable):
    """Nobody took the message: silent, broken or busy. It may be tried again, after `pause` seconds if they say so."""

    def __init__(self, reason: str, *, pause: int | None = None) -> None:
        super().__init__(retry_after=pause)
        self.reason, self.pause = reason, pause
