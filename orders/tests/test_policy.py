"""The table of the cancellation policy: every row, every side, every reason, and odd amounts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.models import CancelReason
from orders.policy import Facts, Fault, Terms, doers_part, kept_back, weigh

TERMS = Terms(free_hours=2, begun_bp=2_500, near_hours=2, near_bp=1_000)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HELD = 100_000

REMOTE: dict[str, Any] = {"funded_at": NOON - timedelta(days=1), "due_at": NOON + timedelta(days=5)}
SITE: dict[str, Any] = {**REMOTE, "is_on_site": True}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

# What each situation is, the client's row that counts in it, and what that row gives the doer of ₹1 000.
SITUATIONS: dict[str, tuple[dict[str, Any], str, int]] = {
    "remote, a moment after the payment": ({**REMOTE, "funded_at": NOON - MINUTE}, "not_begun", 0),
    "remote, just before two hours": ({**REMOTE, "funded_at": NOON - 2 * HOUR + MINUTE}, "not_begun", 0),
    "remote, after two hours": ({**REMOTE, "funded_at": NOON - 2 * HOUR}, "begun", 25_000),
    "remote, past the deadline": ({**REMOTE, "due_at": NOON - MINUTE}, "overdue", 0),
    "remote, without a deadline": ({**REMOTE, "due_at": None}, "begun", 25_000),
    "remote, with a time that is near": ({**REMOTE, "scheduled_at": NOON + HOUR}, "begun", 25_000),
    "on site, no time agreed": (SITE, "not_begun", 0),
    "on site, three hours before": ({**SITE, "scheduled_at": NOON + 3 * HOUR}, "not_begun", 0),
    "on site, two hours before": ({**SITE, "scheduled_at": NOON + 2 * HOUR}, "near_start", 10_000),
    "on site, a minute before": ({**SITE, "scheduled_at": NOON + MINUTE}, "near_start", 10_000),
    "on site, an hour after, not started": ({**SITE, "scheduled_at": NOON - HOUR}, "near_start", 10_000),
    "on site, started": ({**SITE, "scheduled_at": NOON - HOUR, "started_at": NOON - HOUR}, "begun", 25_000),
    "on site, started early": ({**SITE, "scheduled_at": NOON + HOUR, "started_at": NOON}, "begun", 25_000),
    "on site, near, past the deadline": (
        {**SITE, "scheduled_at": NOON + HOUR, "due_at": NOON - HOUR},
        "near_start",
        10_000,
    ),
    "on site, days late, not started": (
        {**SITE, "scheduled_at": NOON - 24 * HOUR, "due_at": NOON - HOUR},
        "overdue",
        0,
    ),
    "on site, started, past the deadline": (
        {**SITE, "scheduled_at": NOON - 24 * HOUR, "started_at": NOON - 24 * HOUR, "due_at": NOON - HOUR},
        "overdue",
        0,
    ),
}
REASONS = [reason for reason in CancelReason if reason not in {CancelReason.UNPAID, CancelReason.SILENT}]
OWN_DOING = {"changed_mind", "other"}


def facts(**over: Any) -> Facts:
    plain: dict[str, Any] = {"is_on_site": False, "held": HELD, "started_at": None, "scheduled_at": None}
    return Facts(**{**plain, "funded_at": None, "due_at": None, "moment": NOON, **over})


def expected_fault(situation: dict[str, Any], side: str, reason: str) -> str:
    """The same in the words of the policy, spelt out."""
    if reason in OWN_DOING:
        return side
    if reason == "emergency":
        return "none"
    if reason == "wrong_description":
        return "client"
    if reason == "doer_unreachable":
        return "doer"
    blamed = "doer" if reason == "doer_no_show" else "client"
    scheduled = situation.get("scheduled_at")
    they_met = situation.get("started_at") is not None
    lies_ahead = scheduled is not None and scheduled > NOON
    return side if situation.get("is_on_site") and (they_met or lies_ahead) else blamed


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("side", ["client", "doer"])
@pytest.mark.parametrize("name", SITUATIONS)
def test_every_row_for_every_side_and_reason(name: str, side: str, reason: str) -> None:
    situation, row, doers = SITUATIONS[name]
    outcome = weigh(terms=TERMS, facts=facts(**situation), reason=reason, side=side)
    fault = expected_fault(situation, side, reason)
    gross = doers if fault == "client" else 0
    is_claim = fault != side and not (side == "doer" and fault == "none")
    assert (outcome.fault, outcome.doer_gross, outcome.client_refund) == (fault, gross, HELD - gross)
    assert outcome.kept == (doers if is_claim else 0)
    assert fault != "client" or outcome.row == row


@pytest.mark.parametrize("reason", REASONS)
def test_an_operator_is_nobodys_side(reason: str) -> None:
    outcome = weigh(terms=TERMS, facts=facts(**REMOTE), reason=reason, side="operator")
    assert outcome.kept == 0
    assert outcome.client_refund + outcome.doer_gross == HELD
    assert outcome.fault == {"doer_no_show": "doer", "doer_unreachable": "doer"}.get(
        reason, "client" if reason in {"client_no_show", "wrong_description"} else "none"
    )


@pytest.mark.parametrize("side", ["client", "doer"])
def test_where_no_money_is_held_nobody_is_at_fault(side: str) -> None:
    outcome = weigh(terms=TERMS, facts=facts(held=0), reason="changed_mind", side=side)
    assert (outcome.fault, outcome.held, outcome.client_refund, outcome.doer_gross) == (Fault.NONE, 0, 0, 0)


@pytest.mark.parametrize(
    ("held", "basis_points", "part"),
    [
        (100_000, 2_500, 25_000),
        (1_001, 2_500, 250),
        (1_002, 2_500, 251),
        (99_999, 1_000, 10_000),
        (100_005, 1_000, 10_001),
        (100_000, 0, 0),
        (100, 0, 0),
        (100, 2_500, 100),
        (132, 2_500, 132),
        (133, 2_500, 33),
        (100_000, 10_000, 100_000),
        (100_000, 9_995, 100_000),
        (1_000_000_000, 2_500, 250_000_000),
    ],
)
def test_shares_round_half_up_and_less_than_a_rupee_is_the_doers(held: int, basis_points: int, part: int) -> None:
    assert doers_part(held, basis_points) == part


@pytest.mark.parametrize("basis_points", [1, 333, 1_000, 2_500, 9_999])
def test_what_is_kept_can_be_decided_either_way(basis_points: int) -> None:
    for held in [*range(100, 1_300), 99_999, 123_457, 1_000_000_000]:
        part = doers_part(held, basis_points)
        kept = kept_back(held, part)
        assert 0 <= part <= kept <= held
        assert all(back == 0 or back >= 100 for back in (held - kept, kept, kept - part)), held
