"""What TLC's output says. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from tests.model.configurations import LIVENESS, Configuration

_COUNTS: Final = re.compile(r"([\d,]+) states generated, ([\d,]+) distinct states found, ([\d,]+) states left on queue")
_VIOLATED: Final = re.compile(r"^Error: (?:Invariant|Action property) (\w+) is violated", re.MULTILINE)
_TEMPORAL: Final = "Error: Temporal properties were violated."
_STATE: Final = re.compile(r"^State (\d+): ", re.MULTILINE)
_ERROR: Final = re.compile(r"^Error: (?:Error: )?(.*)$", re.MULTILINE)
HOLDS: Final = "Model checking completed. No error has been found."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What TLC found.

    states: generated, with repetitions; distinct: of these; violated: the property that does not hold, empty when all
    do; length: states of the counter-example; trouble: why there is no verdict at all.
    """

    states: int = 0
    distinct: int = 0
    violated: str = ""
    length: int = 0
    trouble: str = ""


def read(output: str) -> Outcome:
    """Return what a whole output of TLC says."""
    counts = _COUNTS.findall(output)
    states, distinct = (int(text.replace(",", "")) for text in counts[-1][:2]) if counts else (0, 0)
    found = _VIOLATED.search(output)
    violated = found[1] if found else " or ".join(LIVENESS) if _TEMPORAL in output else ""
    if violated:
        return Outcome(states, distinct, violated, max(map(int, _STATE.findall(output)), default=0))
    if HOLDS in output and counts:
        return Outcome(states, distinct)
    error = _ERROR.search(output)
    return Outcome(states, distinct, trouble=error[1] if error else "TLC ended before it had checked everything")


def verdict(configuration: Configuration, outcome: Outcome) -> str:
    """Return what is wrong with an outcome; empty when it is as it must be."""
    if outcome.trouble:
        return outcome.trouble
    if outcome.violated == configuration.fails:
        return ""
    if not configuration.fails:
        return f"{outcome.violated} does not hold"
    if not outcome.violated:
        return f"{configuration.fails} should not hold, and does: the model proves nothing about this"
    return f"{configuration.fails} should not hold, but it was {outcome.violated} that did not"
