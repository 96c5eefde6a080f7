"""Every test of the suite can fail, and none is left out without saying why."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

FAILING_CALLS = {"raises", "fail", "warns", "deprecated_call"}
HELPERS = ("assert_", "check_", "expect_", "nothing_", "require_", "forbid_")
"""A helper that raises where something is not as it should be says so by its name."""
WAITS = {"hear", "wait_for", "wait_until"}
"""These raise when what they wait for does not come."""
FIXTURES = {"django_assert_num_queries", "django_assert_max_num_queries"}
LEFT_OUT = {"skip", "skipif", "xfail", "importorskip"}
REASON_PLACES = {"skip": 0, "xfail": 0}
"""Where these take their reason if not by its name; the first argument of the others is something else."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files_with_tests() -> list[Path]:
    """Every file that pytest collects from."""
    base = Path(settings.BASE_DIR)
    found = [path for path in base.rglob("test_*.py") if not any(part.startswith(".") for part in path.parts)]
    return sorted(path for path in found if "tests" in path.parts)


def tests_in(tree: ast.AST) -> Iterator[Function]:
    """The tests of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def last_name(node: ast.expr) -> str:
    """`raises` of `pytest.raises`, `check_books` of `check_books`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_of_pytest(node: ast.expr) -> bool:
    """Whether this is `pytest.…` or `pytest.mark.…`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "pytest"


def can_fail(test: Function) -> bool:
    """Whether anything in the test looks at what came of it."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert) and not is_always_true(node.test):
            return True
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name.startswith(HELPERS) or name in WAITS | FIXTURES:
                return True
            if name in FAILING_CALLS and is_of_pytest(node.func):
                return True
    return False


def is_always_true(claim: ast.expr) -> bool:
    """A constant, a tuple with anything in it, or a thing compared with itself (but two calls may differ)."""
    if isinstance(claim, ast.Compare):
        is_same = {ast.dump(claim.left)} == {ast.dump(other) for other in claim.comparators}
        return is_same and not any(isinstance(node, ast.Call) for node in ast.walk(claim))
    return isinstance(claim, ast.Constant) or (isinstance(claim, ast.Tuple) and bool(claim.elts))


def empty_asserts(tree: ast.AST) -> list[int]:
    """Lines with an assertion that nothing can make fail."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert) and is_always_true(node.test)]


def left_out_silently(tree: ast.AST) -> list[int]:
    """Lines that leave a test out, or let it fail, and give no reason."""
    called = {node.func: node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in LEFT_OUT and is_of_pytest(node)
        if node not in called or not gives_reason(node.attr, called[node])
    ]


def gives_reason(name: str, call: ast.Call) -> bool:
    """Whether this call has a reason that is not empty."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    if name in REASON_PLACES and len(call.args) > REASON_PLACES[name]:
        given.append(call.args[REASON_PLACES[name]])
    return any(not (isinstance(reason, ast.Constant) and not str(reason.value).strip()) for reason in given)


def faults(source: str) -> list[str]:
    """What is not honest in this file."""
    tree = ast.parse(source)
    return [
        *(f"{test.name} cannot fail" for test in tests_in(tree) if not can_fail(test)),
        *(f"line {line} asserts nothing" for line in empty_asserts(tree)),
        *(f"line {line} leaves a test out without a reason" for line in left_out_silently(tree)),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "total()",
        "total() == 3",
        "assert True",
        "assert (total() == 3, 'three')",
        "total = 3\n    assert total == total",
        "raises(ValueError)",
        "for order in orders:\n        print(order)",
    ],
)
@pytest.mark.parametrize("head", ["def", "async def"])
def test_a_test_that_cannot_fail_is_found(head: str, body: str) -> None:
    assert "test_sample cannot fail" in faults(f"{head} test_sample():\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    [
        "assert total() == 3",
        "assert not orders",
        "with pytest.raises(ValueError):\n        total()",
        "pytest.fail('never')",
        "with nothing_changes():\n        total()",
        "for order in orders:\n        assert order.total",
        "check_books()",
        "helper.expect_event('X')",
        "phone.hear('CHAT_MESSAGE')",
        "require_ready(user)",
        "with django_assert_num_queries(1):\n        total()",
        "assert create('a') == create('a')",
    ],
)
def test_a_test_that_can_fail_is_left_alone(body: str) -> None:
    assert faults(f"def test_sample():\n    {body}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.skip",
        "@pytest.mark.skip()",
        "@pytest.mark.skip(reason='')",
        "@pytest.mark.skipif(True)",
        "@pytest.mark.xfail",
        "@pytest.mark.xfail(strict=True)",
    ],
)
def test_a_test_left_out_without_a_reason_is_found(line: str) -> None:
    source = f"{line}\ndef test_sample():\n    assert total()\n"
    assert faults(source) == ["line 1 leaves a test out without a reason"]
    assert faults(source.replace(line, "pytestmark = [" + line.removeprefix("@") + "]")) != []


@pytest.mark.parametrize(
    "line",
    [
        "@pytest.mark.skip(reason='needs a printer')",
        "@pytest.mark.skip('needs a printer')",
        "@pytest.mark.skipif(NO_PRINTER, reason='needs a printer')",
        "@pytest.mark.xfail(reason=WHY, strict=True)",
    ],
)
def test_a_reason_is_enough(line: str) -> None:
    assert faults(f"{line}\ndef test_sample():\n    assert total()\n") == []


def test_every_test_of_the_suite_is_honest() -> None:
    base, files = Path(settings.BASE_DIR), files_with_tests()
    assert Path(__file__).resolve() in files
    found = [f"{path.relative_to(base)}: {fault}" for path in files for fault in faults(path.read_text())]
    assert found == []
