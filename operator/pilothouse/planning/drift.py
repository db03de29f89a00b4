"""What differs from what is wanted, and whether it is to be put right, only shown, or left alone.

A field that a policy names is compared with what was last applied to it: while the spec says the same as then, a
difference is others' doing. All other fields share one memory, the hash of the whole: once the spec has changed, all of
them are to be as it says. The reasons stand in docs/decisions/drift-policies.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from pilothouse.api.application import LedgerEntry
from pilothouse.api.drift import DriftPolicy, DriftRule
from pilothouse.api.paths import Path, parsed, put, touch, within
from pilothouse.api.plan import Change
from pilothouse.dataplane.types import Reading, ResourceType, Want
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Preview
from pilothouse.planning.hashes import Hasher

PUT_RIGHT: Final[Collection[DriftPolicy]] = frozenset({"Correct"})
TOLD: Final[Collection[DriftPolicy]] = frozenset({"Correct", "Report"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared, under which policy.

    drifted: whether the spec is as it was last applied; unasked: whether it is although its hash is another, which is
    an edition's doing; held: the named fields of which either is true; beyond: what differs and is no field.
    """

    type: ResourceType[Any]
    want: Any
    rule: DriftRule
    policy: DriftPolicy
    drifted: bool
    unasked: bool
    held: frozenset[Path]
    beyond: tuple[Change, ...]

    def leaves(self, path: Path, acted_on: Collection[DriftPolicy]) -> bool:
        """Tell whether a difference at `path` stays, given which policies are `acted_on`."""
        for one in self.rule.fields:
            if within(path, parsed(one.path)):
                return one.policy not in acted_on and parsed(one.path) in self.held
        return (self.drifted or self.unasked) and self.policy not in acted_on


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done about the differences of one thing.

    spec: what to change it to, which leaves alone what is to be left; changes: what that changes; drift: what others
    changed, as far as it is shown; left: whether a difference stays as it is, shown or not, in what was previewed;
    kept: fields that are left whole.
    """

    spec: Any
    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    left: bool = False
    kept: frozenset[str] = frozenset()


def field_hashes(target: Target, want: Want[Any], hasher: Hasher) -> dict[str, str]:
    """Return a keyed hash of what `want` says at each path that a policy lets differ, by path."""
    named = [one.path for one in target.drift.fields if one.policy != "Correct"]
    return {path: hasher.hash(target.type.setting(want.spec, parsed(path))) for path in named}


def held(
    target: Target, entry: LedgerEntry, hashes: Mapping[str, str], *, drifted: bool, unasked: bool
) -> frozenset[Path]:
    """Return the named fields for which the spec says what was last applied: all, where nobody asked for anything.

    A field that a policy names since just now counts as applied: to ignore it is to leave it as it is. One that is to
    be shown is still brought to what the spec says, if that changed at the same time.
    """
    ignored = {one.path for one in target.drift.fields if one.policy == "Ignore"}
    known = entry.applied_fields
    return frozenset(
        parsed(path)
        for path, value in hashes.items()
        if unasked or (known[path] == value if path in known else drifted or path in ignored)
    )


def ignored(target: Target, fields: Collection[Path]) -> frozenset[Path]:
    """Return those of the fields that are to be left alone unseen."""
    return frozenset(parsed(one.path) for one in target.drift.fields if one.policy == "Ignore").intersection(fields)


def but_ignored(target: Target, want: Want[Any], have: Reading) -> Want[Any]:
    """Return what is wanted of a thing that is taken over, which leaves alone what is to be left alone."""
    if have.spec is None:
        return want
    left = sorted(ignored(target, [parsed(one.path) for one in target.drift.fields]))
    return replace(want, spec=reduce(lambda spec, path: put(spec, path, have.spec), left, want.spec))


def compared(comparison: Comparison, have: Reading, applied_keys: frozenset[str]) -> Verdict:
    """Compare a thing field by field with what is wanted."""
    spec, kept = _mixed(comparison, have, PUT_RIGHT)
    told, unseen = _mixed(comparison, have, TOLD)
    changes = comparison.type.diff(spec, have, applied_keys - kept) + _beyond(comparison, PUT_RIGHT)
    shown = comparison.type.diff(told, have, applied_keys - unseen) + _beyond(comparison, TOLD)
    return Verdict(spec, changes, _drift(comparison, changes, shown), kept=kept)


def _beyond(comparison: Comparison, acted_on: Collection[DriftPolicy]) -> tuple[Change, ...]:
    """Return what is no field, such as a password, which is only left where the hash proves that our key is the same.

    With another key ours is another one, and what nobody else has changed is no drift.
    """
    if not comparison.drifted:
        return comparison.beyond
    return tuple(change for change in comparison.beyond if not comparison.leaves(parsed(change.path), acted_on))


def _mixed(comparison: Comparison, have: Reading, acted_on: Collection[DriftPolicy]) -> tuple[Any, frozenset[str]]:
    """Return what is wanted, but as it is where it is to be left; and the fields that are left whole."""
    want = spec = comparison.want
    fields = [info.alias or name for name, info in type(want).model_fields.items()]
    for path in (*((name,) for name in fields), *(parsed(one.path) for one in comparison.rule.fields)):
        spec = put(spec, path, have.spec if comparison.leaves(path, acted_on) else want)
    return spec, frozenset(name for name in fields if comparison.leaves((name,), acted_on))


def _drift(comparison: Comparison, changes: tuple[Change, ...], shown: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return what others changed: all, while the spec is as it was; else what is left although it is shown."""
    return shown if comparison.drifted else tuple(change for change in shown if change not in changes)


def previewed(comparison: Comparison, preview: Preview) -> Verdict:
    """Judge the changes that a provider told of: what is left was changed by others, so it need not be sent."""
    split = [(change, parsed(change.path)) for change in preview.changes]
    changes = tuple(change for change, path in split if not comparison.leaves(path, PUT_RIGHT))
    shown = tuple(change for change, path in split if not comparison.leaves(path, TOLD))
    kept = {path for _, path in split if comparison.leaves(path, PUT_RIGHT)}
    spec = comparison.type.without(comparison.want, preview.foreign | kept)
    return Verdict(spec, changes, _drift(comparison, changes, shown), left=bool(kept or preview.foreign))


def remembered(
    hashes: Mapping[str, str], held_fields: Collection[Path], entry: LedgerEntry, changes: Collection[Change]
) -> dict[str, str]:
    """Return what was applied to named fields, by path: what the spec says, unless that is still to be applied."""
    changing = [parsed(change.path) for change in changes]
    applied = dict(entry.applied_fields)
    for text, value in hashes.items():
        path = parsed(text)
        if path in held_fields or not any(touch(one, path) for one in changing):
            applied[text] = value
    return {path: value for path, value in applied.items() if path in hashes}
