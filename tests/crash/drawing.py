"""What histories draw specs from: few names and values, so that they meet again."""

from typing import Any, Final, get_args

from hypothesis import strategies as st

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.drift import DriftPolicy
from tests.crash.lives import Aim
from tests.crash.stage import Course
from tests.crash.toys import WORDS
from tests.crash.world import CELL

KINDS: Final = ("namedThing", "tokenedThing", "tokenlessThing")
FOUND: Final = {kind: f"found-{kind}" for kind in KINDS}
"""What somebody made by hand, by kind."""
DECISIONS: Final[tuple[tuple[str, str, Any], ...]] = (
    *(("changePolicy", "approval", policy) for policy in get_args(ApprovalPolicy)),
    *(("changePolicy", "drift", policy) for policy in get_args(DriftPolicy)),
    *(("fleet", "approval_floor", policy) for policy in get_args(ApprovalPolicy)),
    *(("spec", field, value) for field in ("suspend", "deletionProtection") for value in (True, False)),
    *(("fleet", "suspend", value) for value in (True, False)),
)
"""Where a policy stands, its name, and a value of it."""
EFFECTS: Final = (
    *("cloud Create", "cloud Delete", "api status") * 3,
    *("cloud Update", "cloud Mark", "cloud Read", "cloud Find", "api plan", "api plan status", "api finalizer"),
)
"""Effects at which a process dies or freezes; some more often than others."""
COURSES: Final[st.SearchStrategy[Course]] = st.integers(0, 6) | st.builds(
    Aim, st.sampled_from(EFFECTS), st.sampled_from([0, 0, 0, 1, 2]), st.booleans(), st.booleans()
)
"""How many passes are taken before the next thing happens, or where the process dies or freezes meanwhile."""
VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "size": (None, 2, 3),
    "shape": (None, "square"),
    "description": (None, WORDS, "Plain."),
    "deletionPolicy": (None, "Delete", "Retain", "Snapshot"),
    "cell": (CELL, "nowhere"),
}
EDITS: Final = st.sampled_from([(field, value) for field, values in VALUES.items() for value in values])
"""A setting and a value of it; None for leaving it out."""


@st.composite
def resources(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw up to four resources. Each depends on some before it, so never in a circle, and no two adopt the same."""
    made: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1, max_size=4)):
        kind = draw(st.sampled_from(KINDS))
        settings = {field: draw(st.sampled_from(VALUES[field])) for field in ("size", "shape", "description")}
        one: dict[str, Any] = {"name": name, "cell": CELL}
        one[kind] = {field: value for field, value in settings.items() if value is not None}
        if policy := draw(st.sampled_from((None, None, *VALUES["deletionPolicy"]))):
            one["deletionPolicy"] = policy
        one["dependsOn"] = [other["name"] for other in made if draw(st.booleans())]
        taken = {other["adopt"]["id"] for other in made if "adopt" in other}
        if draw(st.integers(0, 7)) == 7 and FOUND[kind] not in taken:
            one["adopt"] = {"id": FOUND[kind]}
        made.append(one)
    return made
