"""The cancellation policy: from the facts of an order, the reason and who asks, to who gets what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from khidma.kernel.money import portion
from payments.services import SMALLEST_REFUND


class Fault(StrEnum):
    """Whose doing a cancellation is."""

    CLIENT = "client"
    DOER = "doer"
    SHARED = "shared"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The values of one version of the policy: hours, and shares of what is held in basis points."""

    free_hours: int
    begun_bp: int
    near_hours: int
    near_bp: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the policy looks at. `held` is what is funded and not released, in paise."""

    is_on_site: bool
    held: int
    funded_at: datetime | None
    started_at: datetime | None
    due_at: datetime | None
    scheduled_at: datetime | None
    moment: datetime

    def has_begun(self, terms: Terms) -> bool:
        """On site the start code says it; elsewhere it is taken for granted after the first hours."""
        if self.is_on_site:
            return self.started_at is not None
        return self.funded_at is not None and self.moment >= self.funded_at + timedelta(hours=terms.free_hours)

    @property
    def is_overdue(self) -> bool:
        return self.due_at is not None and self.moment > self.due_at

    @property
    def is_before_start(self) -> bool:
        return self.scheduled_at is not None and self.moment < self.scheduled_at

    def is_near_start(self, terms: Terms) -> bool:
        """Not started, though the start is near or has passed; past the deadline as well, the lateness counts."""
        if not self.is_on_site or self.started_at is not None or self.scheduled_at is None:
            return False
        return self.moment >= self.scheduled_at - timedelta(hours=terms.near_hours) and (
            self.is_before_start or not self.is_overdue
        )


@dataclass(frozen=True)
class Row:
    """One row of the policy: when it fits, and which share of what is held it gives the doer."""

    name: str
    fits: Callable[[Facts, Terms], bool]
    doer_bp: Callable[[Terms], int]


CLIENTS_ROWS = [
    Row("not_begun", lambda facts, terms: not facts.has_begun(terms), lambda terms: 0),
    Row("begun", lambda facts, terms: facts.has_begun(terms), lambda terms: terms.begun_bp),
    Row("overdue", lambda facts, terms: facts.is_overdue, lambda terms: 0),
    Row("near_start", lambda facts, terms: facts.is_near_start(terms), lambda terms: terms.near_bp),
]
"""The rows for a client at fault, in the order of the policy: where several fit, the last one counts."""

BLAMED = {
    "doer_no_show": Fault.DOER,
    "doer_unreachable": Fault.DOER,
    "client_no_show": Fault.CLIENT,
    "wrong_description": Fault.CLIENT,
    "emergency": Fault.NONE,
}
"""Whom a reason blames, whoever gives it; any other reason blames its giver."""

UNPAID = "unpaid"
"""The row where there is no money to divide."""

NO_SHOWS = {"doer_no_show", "client_no_show"}


@dataclass(frozen=True)
class Outcome:
    """What a cancellation comes to, in paise. `kept` stays in escrow until nobody can contest any more.

    `client_refund` and `doer_gross` together are all that was held. `at_stake` is what the doer would get of it if the
    fault were found to be the client's.
    """

    fault: Fault
    row: str
    held: int
    client_refund: int
    doer_gross: int
    kept: int
    at_stake: int = 0


@dataclass(frozen=True)
class Division:
    """What a cancellation comes to over all escrows of an order, each by its own reference."""

    fault: Fault
    parts: Mapping[UUID, Outcome]

    @property
    def held(self) -> int:
        return sum(part.held for part in self.parts.values())

    @property
    def client_refund(self) -> int:
        return sum(part.client_refund for part in self.parts.values())

    @property
    def doer_gross(self) -> int:
        return sum(part.doer_gross for part in self.parts.values())

    @property
    def kept(self) -> int:
        return sum(part.kept for part in self.parts.values())

    @property
    def row(self) -> str:
        """The row of the policy that counted, `several` where it was not the same one everywhere."""
        rows = {part.row for part in self.parts.values()} or {UNPAID}
        return rows.pop() if len(rows) == 1 else "several"

    @property
    def totals(self) -> dict[str, int | str]:
        """The sums, by the names that an `Outcome` gives them."""
        names = ("fault", "row", "held", "client_refund", "doer_gross", "kept")
        return {name: getattr(self, name) for name in names}


def divide(*, terms: Terms, facts: Mapping[UUID, Facts], reason: str, side: str) -> Division:
    """What cancelling comes to at this moment, weighed for each escrow by itself; nothing held, nobody is at fault."""
    parts = {
        reference: weigh(terms=terms, facts=found, reason=reason, side=side)
        for reference, found in facts.items()
        if found.held
    }
    faults = {part.fault for part in parts.values()} or {Fault.NONE}
    return Division(fault=faults.pop(), parts=parts)


def may_contest(*, side: str, fault: str, kept: int) -> str:
    """The side that may contest what a cancellation by `side` found: the one that it blames, or that stands to lose by
    a reason which blames nobody. Empty, where the word of the one who cancelled speaks against nobody else."""
    if fault in {Fault.CLIENT, Fault.DOER} and fault != side:
        return fault
    if fault == Fault.NONE and kept and side == Fault.CLIENT:
        return str(Fault.DOER)
    return ""


def judge(*, reason: str, side: str, facts: Facts) -> Fault:
    """Whose fault it is by the word of `side` (`client`, `doer`, or `operator`), unless the facts speak against it."""
    giver = Fault(side) if side in {Fault.CLIENT, Fault.DOER} else Fault.NONE
    blamed = BLAMED.get(reason, giver)
    if blamed != giver and reason in NO_SHOWS and facts.is_on_site and (facts.started_at or facts.is_before_start):
        return giver
    return blamed


def weigh(*, terms: Terms, facts: Facts, reason: str, side: str) -> Outcome:
    """What cancelling comes to at this moment."""
    if not facts.held:
        return Outcome(fault=Fault.NONE, row=UNPAID, held=0, client_refund=0, doer_gross=0, kept=0)
    fault = judge(reason=reason, side=side, facts=facts)
    row = [row for row in CLIENTS_ROWS if row.fits(facts, terms)][-1]
    at_stake = doers_part(facts.held, row.doer_bp(terms))
    gross = at_stake if fault == Fault.CLIENT else 0
    is_claim = side in {Fault.CLIENT, Fault.DOER} and fault != side
    is_contestable = is_claim and not (side == Fault.DOER and fault == Fault.NONE)
    return Outcome(
        fault=fault,
        row=row.name if fault == Fault.CLIENT else f"{fault}_at_fault" if fault == Fault.DOER else "nobody_at_fault",
        held=facts.held,
        client_refund=facts.held - gross,
        doer_gross=gross,
        kept=kept_back(facts.held, at_stake) if is_contestable else 0,
        at_stake=at_stake,
    )


def doers_part(held: int, basis_points: int) -> int:
    """The doer's gross part; a rest that is too small for the gateway to send back is the doer's too."""
    part = portion(held, basis_points)
    return held if 0 < held - part < SMALLEST_REFUND else part


def kept_back(held: int, at_stake: int) -> int:
    """What stays in escrow, so that either decision about the part at stake, and the rest now, can be paid out."""
    if not at_stake:
        return 0
    kept = at_stake if at_stake >= SMALLEST_REFUND else at_stake + SMALLEST_REFUND
    return held if held - kept < SMALLEST_REFUND else kept
