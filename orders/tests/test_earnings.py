"""Tests of a doer's earnings where money went back, or waits for a decision about a cancellation."""

from typing import Any

import pytest

from accounts.tests.factories import make_doer, make_operator
from orders import services
from orders.selectors import money_of
from orders.services.returning import return_released
from orders.tests.factories import make_completed_order, make_funded_order
from payments.tests.factories import balance


@pytest.mark.django_db
def test_earnings_count_what_was_given_back_and_what_a_cancellation_leaves(api: Any) -> None:
    doer = make_doer()
    done = make_completed_order(doer=doer, amount=300_000)
    earned = money_of([done])[done.pk].doer_payout
    return_released(done, operator=make_operator("finance"), amount=100_000, reason="Poor work.")
    kept = make_funded_order(doer=doer, amount=100_000)
    services.cancel_order(order=kept, actor=kept.doer, reason="client_no_show")
    answer = api(doer).get("/api/doers/me/earnings").json()["data"]
    assert earned > answer["total"] == money_of([done])[done.pk].doer_payout == balance("wallet", doer.pk)
    assert answer["series"][-1]["amount"] == answer["total"]
    assert answer["pendingRelease"] == money_of([kept])[kept.pk].doer_payout
