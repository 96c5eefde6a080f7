"""The hub with people in it: knows whose sign-in each line rests on, and ends the lines of those that ended."""

from collections import deque
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.tokens import Caller
from khidma.realtime.database import fetch
from khidma.realtime.hub import Hub
from khidma.realtime.line import Line

SESSION_ENDED = 4403

_STANDING = """
    SELECT session.id, holder.token_version, holder.suspended_at, holder.suspended_until
    FROM accounts_session AS session JOIN accounts_user AS holder ON holder.id = session.user_id
    WHERE session.id = ANY (%s::uuid[]) AND session.ended_at IS NULL AND holder.is_active
"""


@dataclass(frozen=True)
class Standing:
    """What a session that was not ended rests on."""

    token_version: int
    suspended_at: datetime | None
    suspended_until: datetime | None


class ChatHub(Hub):
    """Looks each second whether the sessions of its lines still stand, in one query for each part of them."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: dict[Line, Caller] = {}
        self.frames = Window(amount=60, seconds=10)

    async def leave(self, line: Line) -> None:
        """Forget a line and who was at its end."""
        self.callers.pop(line, None)
        await super().leave(line)

    async def inspect(self, lines: Sequence[Line]) -> None:
        """Close each line whose session was ended, its tokens revoked, or its user suspended meanwhile."""
        self.frames.forget_quiet()
        callers = {line: self.callers[line] for line in lines if line in self.callers}
        if not callers:
            return
        standing = await standing_sessions({caller.session.pk for caller in callers.values()})
        for line, caller in callers.items():
            if not _still_stands(caller, standing.get(caller.session.pk)):
                line.shut(SESSION_ENDED)


async def standing_sessions(session_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Those of the sessions that were not ended, with what their users' tokens depend on."""
    rows = await fetch(_STANDING, [list(session_ids)])
    return {row.pop("id"): Standing(**row) for row in rows}


def _still_stands(caller: Caller, row: Standing | None) -> bool:
    if row is None or row.token_version != caller.user.token_version:
        return False
    if row.suspended_at not in (None, caller.user.suspended_at):
        return False
    caller.user.suspended_at = row.suspended_at
    caller.user.suspended_until = row.suspended_until
    return True


class Window:
    """At most so many in any so many seconds, per key, counted in this process."""

    def __init__(self, *, amount: int, seconds: float) -> None:
        self.amount, self.seconds = amount, seconds
        self._times: dict[Hashable, deque[float]] = {}
        self._latest = 0.0

    def allows(self, key: Hashable, at: float) -> bool:
        """Count one, unless there were too many."""
        self._latest = at
        times = self._times.setdefault(key, deque())
        while times and times[0] <= at - self.seconds:
            times.popleft()
        if len(times) >= self.amount:
            return False
        times.append(at)
        return True

    def forget_quiet(self) -> None:
        """Drop the keys that nothing was heard of for a whole window."""
        quiet = [key for key, times in self._times.items() if not times or times[-1] <= self._latest - self.seconds]
        for key in quiet:
            del self._times[key]
