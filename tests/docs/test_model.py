"""docs/model.md tells of every action of the model what it stands for, and of nothing that is not in it."""

import re

from tests.docs.reading import DOCS
from tests.docs.test_references import DOTTED, resolve
from tests.model.configurations import MODULE

MODEL = MODULE.read_text(encoding="utf-8")
PAGE = (DOCS / "model.md").read_text(encoding="utf-8")
DEFINED = set(re.findall(r"^(\w+)(?:\(.*?\))? ==", MODEL, re.MULTILINE))


def actions() -> set[str]:
    """The actions that Next consists of."""
    body = MODEL[MODEL.index("\nNext ==") : MODEL.index("(* Nobody has to approve")]
    return set(re.findall(r"\b[A-Z]\w+", body)) - {"Next", "E", "Processes"}


def rows(title: str) -> dict[str, str]:
    """What the table with this heading says of each name in its first column."""
    table = PAGE[PAGE.index(f"| {title} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [line.strip("| ").split(" | ", 1) for line in table]
    return {name: text for first, text in cells for name in re.findall(r"`(\w+)`", first)}


def test_every_action_stands_for_something_and_is_in_the_model() -> None:
    assert set(rows("Action")) == actions()
    assert "Observe" in actions()


def test_operators_and_properties_are_those_of_the_model() -> None:
    assert set(rows("Operator")) <= DEFINED
    assert set(rows("Property")) <= DEFINED


def test_what_they_stand_for_exists() -> None:
    named = [
        name for text in (*rows("Action").values(), *rows("Operator").values()) for name in re.findall(r"`(.*?)`", text)
    ]
    dotted = [name for name in named if DOTTED.fullmatch(name)]
    assert len(dotted) >= len(rows("Operator"))
    for name in dotted:
        resolve(name)


def test_every_rule_is_explained() -> None:
    part = MODEL[MODEL.index("(* The rules.") : MODEL.index("Processes ==")]
    assert set(rows("Rule")) == set(re.findall(r"^  ([A-Z]\w+)", part, re.MULTILINE))
