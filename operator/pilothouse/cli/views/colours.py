"""The few colours, each with one meaning."""

from typing import Final

GOOD: Final = "green"
CHANGED: Final = "yellow"
BAD: Final = "red"
HANDOVER: Final = "cyan"
FAINT: Final = "dim"
STRONG: Final = "bold"

STATES: Final = {
    "Ready": GOOD,
    "Ended": GOOD,
    "Succeeded": GOOD,
    "NotNeeded": GOOD,
    "Complete": GOOD,
    "Progressing": CHANGED,
    "Applying": CHANGED,
    "Running": CHANGED,
    "Deleting": CHANGED,
    "Unknown": CHANGED,
    "WaitingForApproval": CHANGED,
    "OutcomeUnknown": CHANGED,
    "Failed": BAD,
    "Gone": BAD,
    "Stalled": BAD,
    "Superseded": FAINT,
}
"""The colour of a state of an Application, a Plan, a step or a thing that we own."""


def of_state(state: str) -> str:
    """Return the colour of a state; none for one that is not known."""
    return STATES.get(state, "")
