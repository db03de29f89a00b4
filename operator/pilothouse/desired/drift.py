"""Which drift policy holds for which target, and that its paths lead somewhere."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from pilothouse.api.application import ApplicationSpec
from pilothouse.api.drift import DriftRule, ManifestDrift
from pilothouse.api.paths import at, parsed, within
from pilothouse.dataplane.types import TargetKey
from pilothouse.desired.state import Problem, Target

Homes = Mapping[str, Sequence[TargetKey]]

_SPELLING: Final = "write it as visibilityTimeoutSeconds, tags[team], spec.replicas or data[app.yaml]"


def rules(
    spec: ApplicationSpec, homes: Homes, targets: Collection[TargetKey]
) -> Iterator[tuple[str, DriftRule, TargetKey]]:
    """Yield each drift rule of a spec with where it stands and a target that it is about.

    homes: the targets that stand for a workload or resource.
    """
    for where, named in (("resources", spec.resources), ("workloads", spec.workloads)):
        for one in named:
            yield from ((f"spec.{where}[{one.name}].drift", one.drift, key) for key in homes.get(one.name, ()))
    for rule in spec.change_policy.manifests:
        yield from ((_place(rule), rule, key) for key in targets if (key.type, key.resource) == (rule.kind, rule.name))


def unused(spec: ApplicationSpec) -> Iterator[Problem]:
    """Yield what is wrong with rules about manifests that do not exist."""
    for rule in spec.change_policy.manifests:
        if not any(
            (at(one, ("kind",)), at(one, ("metadata", "name"))) == (rule.kind, rule.name) for one in spec.manifests
        ):
            message = f"{_place(rule)}: there is no {rule.kind} {rule.name} in spec.manifests; remove it."
            yield Problem("InvalidDriftPolicy", message)


def problems(where: str, rule: DriftRule, target: Target) -> Iterator[Problem]:
    """Yield what is wrong with the paths of a rule about `target`."""
    named = {field.path: parsed(field.path) for field in rule.fields}
    for text, path in named.items():
        place = f"{where}.fields[{text}]"
        if not path:
            yield Problem("InvalidDriftPolicy", f"{place}: this is no path; {_SPELLING}.")
        elif obstacle := target.type.unknown_setting(target.spec, path):
            yield Problem("InvalidDriftPolicy", f"{place}: {obstacle}.")
        for other, outer in named.items():
            if other != text and outer and within(path, outer):
                yield Problem("InvalidDriftPolicy", f"{place}: {other} contains it; name one of them.")


def _place(rule: ManifestDrift) -> str:
    return f"spec.changePolicy.manifests[{rule.kind} {rule.name}]"
