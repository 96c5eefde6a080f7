"""A status changes through its one door."""

import ast
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from khidma.kernel.errors import InvalidTransition, Refused
from khidma.kernel.states import Stateful, StatusAssigned
from khidma.kernel.tests.kettles import TABLE, Kettle, KettleEmpty


def stored(**values: Any) -> Kettle:
    kettle = Kettle(**values)
    kettle._state.adding = False
    return kettle


def test_a_stored_status_cannot_be_assigned() -> None:
    kettle = stored(status="cold")
    with pytest.raises(StatusAssigned):
        kettle.status = "hot"
    assert kettle.status == "cold"


def test_a_new_record_takes_its_first_status() -> None:
    assert Kettle(status="warm").status == "warm"


@pytest.mark.parametrize(("status", "role", "refusal"), [("hot", "guest", KettleEmpty), ("cold", "host", KettleEmpty)])
def test_a_step_that_the_table_lacks_is_refused_in_its_own_words(
    status: str, role: str, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal) as caught:
        TABLE.find("boil", status, role)
    assert caught.value.details == {"status": status}


def test_a_step_is_found_by_state_and_role() -> None:
    assert TABLE.find("boil", "warm", "host").target == "hot"
    assert TABLE.allows("cool", "hot")
    assert not TABLE.allows("cool", "cold")
    with pytest.raises(InvalidTransition):
        TABLE.find("cool", "hot", "guest")


def status_writes(tree: ast.AST, bookkeeping: Collection[str] = ()) -> list[int]:
    """Lines on which a status is assigned or given to update(), but for models of which `bookkeeping` has the names."""
    lines, known = [], {*bookkeeping, *names_of(bookkeeping, tree)}
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        lines += [target.lineno for target in targets if isinstance(target, ast.Attribute) and target.attr == "status"]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            given = [keyword for keyword in node.keywords if keyword.arg == "status"]
            lines += [node.lineno for _ in given if root_of(node) not in known]
    return lines


def names_of(models: Collection[str], tree: ast.AST) -> set[str]:
    """Variables that hold rows of these models wherever the file assigns them."""
    roots: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    roots.setdefault(target.id, set()).add(root_of(node.value))
    return {name for name, found in roots.items() if found <= set(models)}


def root_of(node: ast.expr) -> str:
    """The name that a chain of attributes and calls begins with: `Order` of `Order.objects.filter().update()`."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_the_lint_sees_a_write() -> None:
    code = (
        "order.status = 'x'\nOrder.objects.filter(pk=1).update(status='x')\nx = order.status\nrows.update(status='x')"
    )
    assert status_writes(ast.parse(code)) == [1, 2, 4]
    assert status_writes(ast.parse(code), {"Try"}) == [1, 2, 4]
    assert status_writes(ast.parse(code.replace("Order", "Try")), {"Try"}) == [1, 4]
    assert status_writes(ast.parse("rows = Try.objects.all()\n" + code), {"Try"}) == [2, 3]
    assert status_writes(ast.parse("rows = Order.objects.all()\n" + code), {"Try"}) == [2, 3, 5]


def test_no_code_writes_a_status_past_the_door() -> None:
    names = ["accounts", "gigs", "payments", "orders", "messaging", "trust_safety", "notifications", "operations"]
    stateful = {model.__name__ for model in apps.get_models() if issubclass(model, Stateful)}
    others = {model.__name__ for model in apps.get_models()} - stateful
    assert "Order" in stateful
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for name in names
        for path in sorted((Path(settings.BASE_DIR) / name).rglob("*.py"))
        if "migrations" not in path.parts and "tests" not in path.parts
        for line in status_writes(ast.parse(path.read_text()), others)
    ]
    assert found == []
