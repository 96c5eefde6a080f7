"""A proof is well, red, or could not run, and says which by its exit code."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from verify import proof
from verify.__main__ import COULD_NOT_RUN, VIOLATED, WELL, judge
from verify.proof import Proof, Run


def proof_of(prove: Callable[[Run], None]) -> Proof:
    return Proof(name="toy", sizes={"ci": {"rounds": 3}, "full": {"rounds": 9}}, prove=prove, controls=[])


def test_a_proof_that_finds_nothing_wrong_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    def prove(run: Run) -> None:
        run.figure("rounds", run.size["rounds"])

    assert judge(proof_of(prove), seed=7, size="full") == WELL
    assert "seed 7, size full" in (said := capsys.readouterr().out)
    assert "rounds: 9" in said
    assert "| `toy` | full | 7 | 0 violations; rounds 9 |" in said


def test_a_violation_is_red_and_says_how_to_see_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    def prove(run: Run) -> None:
        run.violation("two winners")
        run.violation("three winners")

    assert judge(proof_of(prove), seed=7, size="ci") == VIOLATED
    said = capsys.readouterr().out
    assert "2 violations, first:\ntwo winners" in said
    assert "make verify NAME=toy SEED=7 SIZE=ci" in said


def test_what_a_proof_raises_means_that_it_could_not_run() -> None:
    def prove(run: Run) -> None:
        raise OSError("no server")

    assert judge(proof_of(prove), seed=7, size="ci") == COULD_NOT_RUN


def test_a_violation_stays_one_when_the_proof_falls_over_it_afterwards() -> None:
    def prove(run: Run) -> None:
        run.violation("two winners")
        raise LookupError("the loser")

    assert judge(proof_of(prove), seed=7, size="ci") == VIOLATED


def test_a_control_stops_at_the_first_violation() -> None:
    went_on = []

    def prove(run: Run) -> None:
        try:
            run.violation("two winners")
        except Exception:
            went_on.append("swallowed")
        went_on.append("went on")

    assert judge(proof_of(prove), seed=7, size="ci", until_violation=True) == VIOLATED
    assert went_on == []


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    first, second = (Run(seed=7, size={}, scratch=tmp_path) for _ in range(2))
    assert [first.random.random() for _ in range(5)] == [second.random.random() for _ in range(5)]
    assert random.Random(8).random() != Run(seed=7, size={}, scratch=tmp_path).random.random()


def test_no_proof_has_an_unknown_name() -> None:
    with pytest.raises(LookupError, match="no proof 'nonsense'"):
        proof.find("nonsense")


@pytest.mark.parametrize("name", proof.names())
def test_every_proof_has_both_sizes_and_a_control(name: str) -> None:
    found = proof.find(name)
    assert found.sizes.keys() == {"ci", "full"}
    assert len(found.controls) >= 1
