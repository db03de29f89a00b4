"""What TLC is asked to check: the true model in bounds that are small enough, and models that must fail.

A *mutant* lacks one rule of the code. An *open* one has all rules, in a world that is worse than they are made for:
what it finds is what remains, and docs/model.md says so. A model that cannot fail proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Value = str | int | bool | frozenset[str]

MODEL: Final = Path(__file__).parents[2] / "model"
MODULE: Final = MODEL / "Pilothouse.tla"
BASE: Final = MODEL / "Pilothouse.cfg"
LIVENESS: Final = ("ComesToRest", "DeletionFinishes")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One run of TLC.

    kind: whether it must hold, and if not, why; constants: other than those of Pilothouse.cfg; live: whether it is
    checked that everything comes to rest; fails: the property that must not hold.
    """

    name: str
    kind: Literal["true", "mutant", "open"]
    constants: Mapping[str, Value] = field(default_factory=dict)
    live: bool = False
    fails: str = ""


def spelled(value: Value) -> str:
    """Return a value of a constant as TLA+ spells it."""
    match value:
        case bool():
            return str(value).upper()
        case int():
            return str(value)
        case str():
            return f'"{value}"'
        case _:
            return "{" + ", ".join(f'"{one}"' for one in sorted(value)) + "}"


def written(configuration: Configuration, base: str) -> str:
    """Return the text of a TLC configuration file: `base` with other constants. Raises KeyError for one it lacks."""
    lines, left = [], dict(configuration.constants)
    for line in base.splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"  {name} = {spelled(left.pop(name))}" if name in left else line)
    if left:
        raise KeyError(f"Pilothouse.cfg has no constant {', '.join(sorted(left))}")
    text = "\n".join(lines) + "\n"
    if configuration.live:
        text = text.replace("SPECIFICATION Spec", "SPECIFICATION FairSpec")
        text = text.replace("PROPERTIES ", f"PROPERTIES {' '.join(LIVENESS)} ")
    return text


def edits(*names: str) -> frozenset[str]:
    """Return a set of fields of the spec that people change."""
    return frozenset(names)


def _of(style: str) -> list[Configuration]:
    """Return what a style of creation is checked in."""
    worlds: dict[str, tuple[bool, dict[str, Value]]] = {
        "two changes, a crash, the Plan deleted": (
            False,
            {"Edits": edits("shape", "wanted", "policy"), "Changes": 2, "Crashes": 1, "Shreds": 1},
        ),
        "a change, a lost reply, a crash, the thing removed, deletion": (
            False,
            {"Edits": edits("wanted", "policy"), "Changes": 1, "Losses": 1, "Crashes": 1, "Thefts": 1, "Deletes": True},
        ),
        "a change, a paused leader, deletion": (
            False,
            {"Edits": edits("shape", "wanted"), "Changes": 1, "Pauses": 1, "Deletes": True},
        ),
        "a replacement or suspension, a crash, deletion": (
            True,
            {"Edits": edits("shape", "suspend"), "Changes": 1, "Crashes": 1, "Deletes": True},
        ),
        "an update or a broken spec, a lost reply, the thing removed, deletion": (
            True,
            {
                "InPlace": True,
                "Edits": edits("shape", "broken", "policy"),
                "Changes": 1,
                "Losses": 1,
                "Thefts": 1,
                "Deletes": True,
            },
        ),
    }
    return [
        Configuration(f"{style}: {name}", "true", {"Style": style, **constants}, live=live)
        for name, (live, constants) in worlds.items()
    ]


_LATE: Final[Mapping[str, Value]] = {"LateCalls": True, "Pauses": 1}
TRUE: Final = (
    *_of("named"),
    *_of("tokened"),
    *_of("tokenless"),
    Configuration(
        "tokenless: listings slower than is waited for, two lost replies",
        "true",
        {"Style": "tokenless", "SlowListing": True, "Crashes": 1, "Losses": 1},
        live=True,
    ),
    Configuration(
        "tokened: a call later than is waited for, a change",
        "true",
        {**_LATE, "Changes": 1, "Edits": edits("shape", "wanted")},
        live=True,
    ),
    Configuration(
        "named: a call later than is waited for, an update",
        "true",
        {**_LATE, "Style": "named", "InPlace": True, "Changes": 1, "Edits": edits("shape")},
        live=True,
    ),
    Configuration(
        "revisions counted: two changes, a crash, the Plan deleted",
        "true",
        {"Edits": edits("shape"), "Changes": 2, "Crashes": 1, "Shreds": 1, "Revisions": 3},
    ),
)

_DUPLICATE, _HARM, _LEFT = "NoDuplicate", "NoHarm", "NothingLeftBehind"
MUTANTS: Final = (
    Configuration("LookAgain", "mutant", {"LookAgain": False, "Style": "tokenless", "Crashes": 1}, fails=_DUPLICATE),
    Configuration("Fence, tokenless", "mutant", {"Fence": False, "Style": "tokenless", "Pauses": 1}, fails=_DUPLICATE),
    Configuration(
        "Fence, named",
        "mutant",
        {"Fence": False, "Style": "named", "Pauses": 1, "Changes": 1, "Edits": edits("shape")},
        fails=_HARM,
    ),
    Configuration(
        "VersionChecked",
        "mutant",
        {"VersionChecked": False, "Changes": 1, "Edits": edits("policy"), "Deletes": True},
        fails=_HARM,
    ),
    Configuration("ReadBeforeRecreate", "mutant", {"ReadBeforeRecreate": False}, fails=_DUPLICATE),
    Configuration(
        "TokenOfIdentity",
        "mutant",
        {"TokenOfIdentity": False, "Changes": 1, "Edits": edits("shape"), "Crashes": 1},
        fails=_DUPLICATE,
    ),
    Configuration(
        "SpentAwaited",
        "mutant",
        {"SpentAwaited": False, "Changes": 1, "Edits": edits("shape"), "Crashes": 1},
        fails=_DUPLICATE,
    ),
    Configuration(
        "ApprovalOfHash",
        "mutant",
        {"ApprovalOfHash": False, "Changes": 2, "Edits": edits("shape", "wanted")},
        fails=_HARM,
    ),
    Configuration(
        "BasisChecked",
        "mutant",
        {"BasisChecked": False, "Style": "named", "Changes": 1, "Edits": edits("shape"), "Crashes": 1},
        fails=_HARM,
    ),
    Configuration(
        "RetainObeyed",
        "mutant",
        {"RetainObeyed": False, "Policy": "Retain", "Changes": 1, "Edits": edits("wanted")},
        fails=_HARM,
    ),
    Configuration(
        "RetainHeard",
        "mutant",
        {"RetainHeard": False, "Changes": 1, "Edits": edits("policy"), "Deletes": True},
        fails=_HARM,
    ),
    Configuration(
        "ReplaceRefused",
        "mutant",
        {"ReplaceRefused": False, "Policy": "Retain", "Changes": 1, "Edits": edits("shape")},
        fails=_HARM,
    ),
    Configuration(
        "IntentsKept, tokened",
        "mutant",
        {"IntentsKept": False, "Changes": 1, "Edits": edits("suspend"), "Crashes": 1, "Deletes": True},
        fails=_LEFT,
    ),
    Configuration(
        "IntentsKept, named",
        "mutant",
        {"IntentsKept": False, "Style": "named", "Changes": 1, "Edits": edits("shape"), "Crashes": 1, "Deletes": True},
        fails=_LEFT,
    ),
    Configuration(
        "DeletesAwaited",
        "mutant",
        {"DeletesAwaited": False, "Style": "named", "Changes": 1, "Edits": edits("shape"), "Crashes": 1},
        fails=_HARM,
    ),
)

OPEN: Final = (
    Configuration(
        "named: a deletion later than is waited for",
        "open",
        {**_LATE, "Style": "named", "Changes": 1, "Edits": edits("shape")},
        fails=_HARM,
    ),
    Configuration(
        "tokenless: a create later than is waited for", "open", {**_LATE, "Style": "tokenless"}, fails=_DUPLICATE
    ),
    Configuration(
        "tokened: a create later than is waited for, deletion", "open", {**_LATE, "Deletes": True}, fails=_LEFT
    ),
    Configuration(
        "tokened: listings slower than is waited for, a change",
        "open",
        {"SlowListing": True, "Changes": 1, "Edits": edits("shape"), "Crashes": 1},
        fails=_DUPLICATE,
    ),
    Configuration(
        "tokenless: listings slower than is waited for, deletion",
        "open",
        {"Style": "tokenless", "SlowListing": True, "Crashes": 1, "Deletes": True},
        fails=_LEFT,
    ),
)

ALL: Final = (*TRUE, *MUTANTS, *OPEN)
