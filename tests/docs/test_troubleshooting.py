"""docs/troubleshooting.md explains every reason that the code can give, and none that it cannot."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.reading import DOCS, ROOT

PACKAGE = ROOT / "operator" / "pilothouse"
SOURCES = [
    *(PACKAGE / "controller").glob("*.py"),
    PACKAGE / "desired" / "drift.py",
    PACKAGE / "desired" / "resolve.py",
    PACKAGE / "desired" / "resources.py",
    PACKAGE / "planning" / "diff.py",
    PACKAGE / "planning" / "plan.py",
    PACKAGE / "planning" / "replacing.py",
]
CAMEL_CASE = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)*")
# At which place a reason stands among the arguments of what takes one.
TAKERS = {"Problem": 0, "problem": 0, "event": 2, "condition": 3, "refused": 1}


def reasons(path: Path) -> Iterator[str]:
    """Yield every reason in a module: of conditions, of problems, of Events, and in pairs of reason and message."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=given, keywords=named):
                place = TAKERS.get(name.lstrip("_"))
                if place is not None:
                    yield from (text for one in given[place : place + 1] for text in words(one))
                yield from (text for one in named if one.arg == "reason" for text in words(one.value))
            case ast.Tuple(elts=[ast.Constant(value=str(reason)), message]) if says_more(message):
                yield reason
            case ast.FunctionDef(name="reason_of", body=body):
                yield from (text for one in body for text in words(one) if " " not in text)
            case _:
                pass


def words(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def says_more(node: ast.expr) -> bool:
    """Whether it is computed, or a sentence: what stands beside a reason is its message."""
    return " " in node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else True


def given() -> set[str]:
    return {reason for path in SOURCES for reason in reasons(path) if CAMEL_CASE.fullmatch(reason)}


def explained() -> set[str]:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    return {
        name for cell in re.findall(r"^\| (`[^|]*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }


def test_every_reason_is_explained() -> None:
    assert given() - explained() == set(), "say in docs/troubleshooting.md what it means and how to mend it"


def test_every_reason_explained_is_given_somewhere() -> None:
    assert explained() - given() == set(), "docs/troubleshooting.md explains what nobody says any more"


def test_the_search_finds_reasons_of_every_kind() -> None:
    kinds = {"Converged", "NameConflict", "CellNotFound", "CredentialsRefused", "PlanMade", "InvalidSpec", "Superseded"}
    assert kinds <= given()
