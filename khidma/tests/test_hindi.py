"""What people read in the apps has its Hindi, with the same values in it; the catalogue holds nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext, override
from rest_framework.fields import Field, FileField

from accounts.api.serializers import Email, Phone
from deploy.catalogues import LOCALE, messages_of
from khidma.http import fields
from khidma.http.serializers import Serializer
from khidma.kernel.errors import KhidmaError
from notifications.tests.test_language import sentences as told

APPS = ("khidma", "accounts", "gigs", "payments", "orders", "messaging", "trust_safety", "notifications", "operations")
FOR_OPERATORS = {"admin", "models", "states", "apps", "settings", "badge", "kinds"}
"""Rooms and files whose words stand in the operators' pages alone, which are English."""
INVOICES = Path("payments/documents")
"""These are documents for the tax office, in English."""

DEVANAGARI = re.compile(r"[\u0900-\u097f]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|{\w+(?::\w+)?}")


def files_for_people() -> list[Path]:
    """The code whose sentences people may read."""
    base = Path(settings.BASE_DIR)
    found = [path.relative_to(base) for app in APPS for path in (base / app).rglob("*.py")]
    left_out = FOR_OPERATORS | {"tests", "migrations"}
    return [
        base / path
        for path in found
        if left_out.isdisjoint((*path.parts[:-1], path.stem)) and INVOICES not in path.parents
    ]


def said_in(path: Path) -> Iterator[ast.expr]:
    """What a file gives to gettext under the name `_`, but for help texts: those are for the API's document."""
    tree = ast.parse(path.read_text("utf-8"))
    helps = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "help_text"}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="_"), args=[said, *_]) if id(node) not in helps:
                yield said


def sentences() -> set[str]:
    """Every sentence of these files."""
    return {
        node.value
        for path in files_for_people()
        for node in said_in(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def refusals(base: type[KhidmaError] = KhidmaError) -> Iterator[type[KhidmaError]]:
    """Every class of refusal, but for those of tests."""
    if ".tests." not in base.__module__:
        yield base
    for error in base.__subclasses__():
        yield from refusals(error)


def words_of_fields() -> set[str]:
    """What every kind of field of bodies and queries may say, also what comes with Django and its REST framework."""
    kinds = [
        *(fields.Text(), fields.Slug(), fields.Link(), fields.Integer(), fields.Paise(), fields.Number()),
        *(fields.Flag(), fields.Moment(), fields.Day(), fields.Id(), fields.Choice([]), fields.ListOf(fields.Text())),
        *(FileField(), Email(), Phone(), Serializer(), Serializer(many=True)),
    ]
    assert {type(kind).__name__ for kind in kinds} >= set(fields.__all__) - {"milliseconds"}
    return {text for kind in kinds if isinstance(kind, Field) for text in words_of(kind)}


def words_of(field: "Field[object, object, object, object]") -> set[str]:
    """Validators that put a limit into their message do so with a message of their field's."""
    messages = [getattr(validator, "message", "") for validator in field.validators]
    fixed = [message for message in messages if type(message).__name__ != "lazy_format"]
    return {str(text) for text in (*field.error_messages.values(), *fixed)}


def hindi() -> dict[str, str]:
    return messages_of((LOCALE / "hi" / "LC_MESSAGES" / "django.po").read_text("utf-8"))


def test_every_sentence_for_people_is_written_out_where_it_is_said() -> None:
    """So that the tests below see all of them."""
    unknown = [(path, node.lineno) for path in files_for_people() for node in said_in(path) if not is_text(node)]
    assert unknown == []


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_sentence_for_people_has_its_hindi_with_the_same_values() -> None:
    said = sentences() | {str(error.message) for error in refusals()} | words_of_fields()
    assert len(said) > 350
    translated = hindi()
    assert said - set(translated) == set()
    for english in said:
        assert DEVANAGARI.search(translated[english]), english
        assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(translated[english])), english


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    refused = {str(error.message) for error in refusals()}
    assert set(hindi()) - sentences() - told() - refused - words_of_fields() == {""}


def test_every_refusal_is_in_hindi_where_hindi_is_asked_for() -> None:
    """Which a sentence that was put into words too early would not be."""
    for error in refusals():
        with override("en"):
            english = str(error.message)
        with override("hi"):
            assert str(error.message) == gettext(english) != english, error
