"""What Django reads is what the translators wrote."""

import gettext
from pathlib import Path

import pytest

from deploy.catalogues import LOCALE, compile_all, compiled, messages_of

CATALOGUES = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


@pytest.mark.parametrize("po", CATALOGUES, ids=lambda po: po.parts[-3])
def test_each_compiled_catalogue_is_that_of_its_texts(po: Path) -> None:
    messages = messages_of(po.read_text("utf-8"))
    assert po.with_suffix(".mo").read_bytes() == compiled(messages), "run python -m deploy.catalogues"
    with po.with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    assert all(read.gettext(text) == translated for text, translated in messages.items() if text)


def test_there_is_one_catalogue_for_hindi_and_no_other_anywhere() -> None:
    assert [po.parts[-3] for po in CATALOGUES] == ["hi"]
    assert sorted(LOCALE.parent.parent.glob("[!.]*/**/locale/*/LC_MESSAGES/*.po")) == CATALOGUES


def test_texts_over_several_lines_and_with_quotes_are_read_whole() -> None:
    assert messages_of('msgid ""\n"a \\"b\\"\\n"\n"c"\nmsgstr "d"\n') == {'a "b"\nc': "d"}


def test_what_is_not_translated_stays_english(tmp_path: Path) -> None:
    folder = tmp_path / "hi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr ""\n'
    (folder / "django.po").write_text(po)
    (written,) = compile_all(tmp_path)
    with written.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("a") == "a"


def test_what_the_reader_does_not_know_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="msgctxt"):
        messages_of('msgctxt "month"\nmsgid "May"\nmsgstr "मई"\n')
