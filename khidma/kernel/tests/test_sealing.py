"""Sealed columns open in their own place only."""

import os
from io import BytesIO
from typing import Any

import pytest
from pytest_django import Settings

from khidma.kernel.sealing import PIECE, Unreadable, blind_index, key_of, seal, seal_stream, unseal, unseal_stream

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


STREAM_KEY = b"k" * 32


def sealed_file(content: bytes) -> list[bytes]:
    return list(seal_stream(BytesIO(content), key=STREAM_KEY, binding="file:1"))


def opened(pieces: list[bytes], *, key: bytes = STREAM_KEY, binding: str = "file:1") -> bytes:
    return b"".join(unseal_stream(BytesIO(b"".join(pieces)), key=key, binding=binding))


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_of_any_length_opens_again(length: int) -> None:
    content = os.urandom(length)
    pieces = sealed_file(content)
    assert opened(pieces) == content
    assert length < PIECE - 1 or content not in b"".join(pieces)  # a single byte may stand there by chance


def test_a_sealed_file_that_was_cut_moved_or_changed_does_not_open() -> None:
    pieces = sealed_file(os.urandom(3 * PIECE))
    one, two, three = pieces
    wrong: list[tuple[list[bytes], dict[str, Any]]] = [
        ([one, two], {}),
        ([two, one, three], {}),
        ([one, two, three, three], {}),
        ([one[:-1] + bytes([one[-1] ^ 1]), two, three], {}),
        ([], {}),
        (pieces, {"key": b"x" * 32}),
        (pieces, {"binding": "file:2"}),
    ]
    for changed, how in wrong:
        with pytest.raises(Unreadable):
            opened(changed, **how)
