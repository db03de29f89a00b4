"""The rooms that decide give the same answer to the same question: they read no clock, no chance and no file.

The import contract keeps the modules out; this looks at calls, which no import shows: `datetime` is welcome as a
type, its `now` is not.
"""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PURE_PATTERNS, TOOLS, label, pure_modules

CLOCKS = {"now", "utcnow", "today"}
FILES = {"open", "write_text", "write_bytes", "mkdir", "unlink"}
CONSOLE = {"print", "input", "breakpoint"}
UNORDERED = {"id", "hash"}
FORBIDDEN = CLOCKS | FILES | CONSOLE | UNORDERED


def impure_calls(source: str) -> list[str]:
    """The forbidden calls in a module, each as `line: name`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"{call.lineno}: {name}" for call in calls if (name := called(call)) in FORBIDDEN]


def called(call: ast.Call) -> str:
    """The last name of what is called: `now` for `datetime.datetime.now()`; empty when it has none."""
    match call.func:
        case ast.Name(id=name):
            return name
        # hash() and id() differ from run to run; a method of that name is somebody's own.
        case ast.Attribute(attr=name) if name not in UNORDERED:
            return name
        case _:
            return ""


@pytest.mark.parametrize("module", pure_modules(), ids=label)
def test_the_same_question_gets_the_same_answer(module: Path) -> None:
    found = impure_calls(module.read_text(encoding="utf-8"))
    assert not found, f"{label(module)} decides, so it takes times, tokens and texts as arguments; it calls {found}"


def test_the_import_contract_and_the_coverage_gate_mean_the_same_rooms() -> None:
    (contract,) = (c for c in TOOLS["importlinter"]["contracts"] if c["id"] == "pure")
    gated = {pattern.removeprefix("operator/").removesuffix("/**").removesuffix(".py") for pattern in PURE_PATTERNS}
    assert {name.replace(".", "/") for name in contract["source_modules"]} == gated


SAMPLES = {
    "a clock by its full name": ("import datetime\ndatetime.datetime.now(datetime.UTC)", ["2: now"]),
    "a clock by a short name": ("from datetime import date\n\ndate.today()", ["3: today"]),
    "a file": ("open('x')", ["1: open"]),
    "a hash that depends on PYTHONHASHSEED": ("token = hash('name')", ["1: hash"]),
    "a time that is only a type": ("from datetime import datetime\nborn: datetime", []),
    "a method called hash": ("plan.hash()", []),
}


@pytest.mark.parametrize(("source", "found"), SAMPLES.values(), ids=SAMPLES)
def test_the_search_finds_what_it_looks_for(source: str, found: list[str]) -> None:
    assert impure_calls(source) == found
