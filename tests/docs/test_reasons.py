"""The record of reasons, of which docs/ has a page, holds every one that the code can give, and none that it cannot."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pilothouse.api.vocabularies import VOCABULARIES
from pilothouse.planning.rebalance.holds import SAID
from tests.architecture.tree import PACKAGE

ROOMS = ("applying", "controller", "desired", "observed", "planning")
SOURCES = sorted(path for room in ROOMS for path in (PACKAGE / room).glob("*.py"))
KINDS = {"ConfigMap", "Secret"}
"""Words that stand beside another as a reason stands beside its message."""
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
            case ast.Assign(targets=[ast.Name(id="reason")], value=ast.IfExp(body=body)):
                yield from words(body)
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
    found = {reason for path in SOURCES for reason in reasons(path) if CAMEL_CASE.fullmatch(reason)} - KINDS
    return found | set(map(str, SAID))


def declared() -> set[str]:
    """Every reason in the record, those of Events too."""
    reasons = {reason.name for vocabulary in VOCABULARIES.values() for reason in vocabulary.reasons}
    return reasons | {event.name for vocabulary in VOCABULARIES.values() for event in vocabulary.events}


def test_every_reason_that_is_given_is_declared() -> None:
    assert given() - declared() == set(), "say in api/*_reasons.py what it means and how to mend it"


def test_every_reason_that_is_declared_is_given_somewhere() -> None:
    assert declared() - given() == set(), "api/*_reasons.py explains what nobody says any more"


def test_the_search_finds_reasons_of_every_kind() -> None:
    kinds = {"Converged", "NameConflict", "CellNotFound", "CredentialsRefused", "PlanMade", "InvalidSpec", "Superseded"}
    assert kinds <= given()
