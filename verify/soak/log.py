"""The clients' own log: what each meant to do, and what it was told had been done."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock


@dataclass
class Deal:
    """One gig from posting to its end, as its two phones know it.

    `mark` is in the gig's title and in the application's letter. `meant` are the steps that were asked for, `told`
    those that were acknowledged, in order. `gross`, `refunded` and `net` (in paise) are due when it has ended.
    """

    mark: str
    kind: str
    client: str
    doer: str
    meant: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    gig_id: str = ""
    application_id: str = ""
    order_id: str = ""
    gateway_orders: dict[str, int] = field(default_factory=dict)
    paid: list[str] = field(default_factory=list)
    gross: int = 0
    refunded: int = 0
    net: int = 0
    ended: str = ""


@dataclass
class Withdrawal:
    """One wish to have money, with an amount that this user wishes for only once."""

    user: str
    amount: int
    payout_id: str = ""
    refused: str = ""


@dataclass
class Log:
    """All of it, and what should never have been answered."""

    deals: list[Deal] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    repeated: int = 0
    replayed: int = 0
    abandoned: int = 0
    unavailable: int = 0
    _lock: Lock = field(default_factory=Lock)

    def write(self, path: Path) -> None:
        """Keep it for whoever reads a failure."""
        rows = [asdict(deal) for deal in self.deals] + [asdict(wish) for wish in self.withdrawals]
        path.write_text("\n".join(json.dumps(row) for row in rows))
