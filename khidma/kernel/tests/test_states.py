"""A status changes through its one door."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import models

from khidma.kernel.errors import InvalidTransition, Refused
from khidma.kernel.states import StateField, Stateful, StateTable, StatusAssigned, Transition


class KettleEmpty(Refused):
    code = "kettle_empty"


TABLE = StateTable(
    "kettle",
    [
        Transition("boil", {"cold"}, "hot", actors={"guest"}, refusal=KettleEmpty),
        Transition("boil", {"warm"}, "hot", actors={"guest", "host"}),
        Transition("cool", {"hot"}, "cold"),
    ],
)


class Kettle(Stateful):
    states = TABLE
    status = StateField(default="cold")
    name = models.CharField(max_length=10)

    class Meta:
        app_label = "kernel_tests"
        managed = False

    def __str__(self) -> str:
        return self.name


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


def status_writes(tree: ast.AST) -> list[int]:
    """Lines on which a status is assigned or given to update()."""
    lines = []
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        lines += [target.lineno for target in targets if isinstance(target, ast.Attribute) and target.attr == "status"]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            lines += [node.lineno for keyword in node.keywords if keyword.arg == "status"]
    return lines


def test_the_lint_sees_a_write() -> None:
    assert status_writes(ast.parse("order.status = 'x'\nOrder.objects.update(status='x')\nx = order.status")) == [1, 2]


def test_no_code_writes_a_status_past_the_door() -> None:
    apps = ["accounts", "gigs", "payments", "orders", "messaging", "trust_safety", "notifications", "operations"]
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for app in apps
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py"))
        if "migrations" not in path.parts and "tests" not in path.parts
        for line in status_writes(ast.parse(path.read_text()))
    ]
    assert found == []
