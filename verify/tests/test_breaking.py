"""Controls break a private copy, and cannot rot unseen."""

from pathlib import Path

import pytest

from verify import breaking, proof
from verify.breaking import ControlRotted, broken_copy
from verify.proof import Break


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with all that a copy must and must not have."""
    root = tmp_path / "checkout"
    for name in ("orders", ".git", ".khidma", ".venv/bin", "orders/__pycache__"):
        (root / name).mkdir(parents=True)
    (root / "orders" / "services.py").write_text("lock(order)\npay(order)\npay(order)\n")
    (root / "orders" / "__pycache__" / "services.pyc").write_text("compiled")
    (root / ".khidma" / "environment").write_text("secret")
    return root


def test_the_copy_is_broken_and_the_checkout_is_not(checkout: Path) -> None:
    fault = Break(path="orders/services.py", old="lock(order)\n", new="", because="the order is not locked")
    with broken_copy(fault, of=checkout) as copy:
        assert (copy / "orders" / "services.py").read_text() == "pay(order)\npay(order)\n"
        assert (copy / ".venv").resolve() == (checkout / ".venv").resolve()
        assert sorted(path.name for path in copy.iterdir()) == [".venv", "orders"]
        assert not (copy / "orders" / "__pycache__").exists()
    assert (checkout / "orders" / "services.py").read_text().startswith("lock(order)")
    assert not copy.exists()


def test_several_guards_fall_together(checkout: Path) -> None:
    second = Break(path="orders/services.py", old="pay(order)\npay(order)", new="pay(order)", because="paid once")
    fault = Break(path="orders/services.py", old="lock(order)\n", new="", because="no lock", also=[second])
    with broken_copy(fault, of=checkout) as copy:
        assert (copy / "orders" / "services.py").read_text() == "pay(order)\n"


@pytest.mark.parametrize(
    ("path", "old"), [("orders/services.py", "pay(order)"), ("orders/services.py", "gone"), ("gone.py", "lock(order)")]
)
def test_a_control_without_exactly_one_place_is_an_error(checkout: Path, path: str, old: str) -> None:
    fault = Break(path=path, old=old, new="", because="it has rotted")
    with pytest.raises(ControlRotted), broken_copy(fault, of=checkout):
        raise AssertionError("A rotted control was tried.")


def test_a_control_that_leaves_its_proof_green_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = Break(path="a.py", old="a", new="b", because="the lock is off")
    answers = {"green": (False, "exit code 0\nall well"), "red": (True, "exit code 1\nVIOLATION 1: two winners")}
    monkeypatch.setattr(breaking, "turns_red", lambda name, fault, seed: answers[name])
    assert breaking.show("red", fault, seed=1) is True
    assert "VIOLATION 1: two winners" in capsys.readouterr().out
    assert breaking.show("green", fault, seed=1) is False
    assert "NOT RED" in capsys.readouterr().out


@pytest.mark.parametrize("name", proof.names())
def test_no_control_has_rotted(name: str) -> None:
    for fault in proof.find(name).controls:
        for one in (fault, *fault.also):
            assert (breaking.ROOT / one.path).read_text().count(one.old) == 1, one.because
            assert one.old != one.new
