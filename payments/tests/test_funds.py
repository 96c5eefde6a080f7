"""The owner's money and corrections: asked by one operator, posted once another confirms."""

from typing import Any

import pytest

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.errors import Forbidden, Invalid
from payments import services
from payments.errors import SamePerson
from payments.models import SecondPersonAct, Transfer
from payments.selectors.checking import check_ledger
from payments.services.funds import MOVES
from payments.tests.factories import balance, books

pytestmark = pytest.mark.django_db


def ask(**over: Any) -> SecondPersonAct:
    facts = {"move": "owner_puts_in", "amount": 5_000_000, "utr": "UTR9", "reason": "Capital"}
    return services.ask_for_move(**{**facts, "operator": make_operator("finance"), **over})


@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_posted_once_confirmed(move: str) -> None:
    act = ask(move=move)
    assert books() == {}
    with pytest.raises(SamePerson):
        services.confirm_act(act=act, operator=act.asked_by)
    assert books() == {}
    services.confirm_act(act=act, operator=make_operator("finance"))
    assert Transfer.objects.get().key == f"move:{act.pk}"
    assert {kind for kind, _ in books()} == set(MOVES[move])
    assert check_ledger().is_sound


def test_the_owners_money_goes_in_and_out(db: None) -> None:
    services.confirm_act(act=ask(), operator=make_operator("finance"))
    services.confirm_act(act=ask(move="top_up_gateway", amount=2_000_000), operator=make_operator("finance"))
    assert (balance("owner"), balance("bank"), balance("gateway")) == (5_000_000, 3_000_000, 2_000_000)


@pytest.mark.parametrize(("paise", "left"), [(700, 700), (-700, -700)])
def test_an_adjustment_corrects_an_account_of_the_platform(paise: int, left: int) -> None:
    act = services.ask_for_adjustment(
        account="gateway", amount=paise, reason="A fee that was never charged", operator=make_operator("finance")
    )
    assert books() == {}
    services.confirm_act(act=act, operator=make_operator("finance"))
    assert (balance("gateway"), balance("adjustment")) == (left, left)
    assert Transfer.objects.get().key == f"adjustment:{act.pk}"


@pytest.mark.parametrize("account", ["wallet", "escrow", "suspense", "adjustment", "nothing"])
def test_users_money_is_not_corrected_by_hand(account: str) -> None:
    with pytest.raises(Invalid):
        services.ask_for_adjustment(account=account, amount=1, reason="x", operator=make_operator("finance"))
    assert not SecondPersonAct.objects.exists()


@pytest.mark.parametrize(
    "over", [{"amount": 0}, {"amount": -5}, {"amount": 1_000_000_001}, {"move": "x"}, {"reason": " "}]
)
def test_what_makes_no_sense_is_refused(over: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        ask(**over)
    assert not SecondPersonAct.objects.exists()


def test_only_finance_asks() -> None:
    for stranger in (make_operator("support"), make_client()):
        with pytest.raises(Forbidden):
            ask(operator=stranger)
