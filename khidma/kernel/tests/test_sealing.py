"""Sealed columns open in their own place only."""

import pytest
from pytest_django import Settings

from khidma.kernel.sealing import Unreadable, blind_index, key_of, seal, unseal

OLD = "k1:" + "A" * 43 + "="
NEW = "k2:" + "B" * 42 + "A="


def test_a_sealed_text_opens_again_and_never_looks_the_same() -> None:
    first, second = seal("1234567890", binding="row:1"), seal("1234567890", binding="row:1")
    assert first != second
    assert "1234567890" not in first
    assert unseal(first, binding="row:1") == unseal(second, binding="row:1") == "1234567890"


def test_a_sealed_text_does_not_open_in_another_row() -> None:
    with pytest.raises(Unreadable):
        unseal(seal("1234567890", binding="row:1"), binding="row:2")


def test_after_rotation_old_values_open_and_new_ones_use_the_new_key(settings: Settings) -> None:
    settings.KHIDMA_FIELD_KEYS = OLD
    sealed = seal("secret", binding="row")
    settings.KHIDMA_FIELD_KEYS = f"{NEW},{OLD}"
    assert unseal(sealed, binding="row") == "secret"
    assert (key_of(sealed), key_of(seal("secret", binding="row"))) == ("k1", "k2")
    settings.KHIDMA_FIELD_KEYS = NEW
    with pytest.raises(Unreadable):
        unseal(sealed, binding="row")


def test_a_blind_index_finds_equal_values_of_one_purpose() -> None:
    assert blind_index("42", purpose="a") == blind_index("42", purpose="a")
    assert blind_index("42", purpose="a") != blind_index("42", purpose="b")
