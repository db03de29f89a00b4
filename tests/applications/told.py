"""The applications of this folder as their files tell of them, and what Plans tell of what is done about them."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from tests.e2e.seen import Object, Seen

_FOLDER = Path(__file__).parent


def application(name: str, others: Mapping[str, str] | None = None, **spec: Any) -> Object:
    """The Application in `<name>.yaml`, with fields of its spec changed. others: what stands in place of what texts."""
    text = (_FOLDER / f"{name}.yaml").read_text()
    for old, new in (others or {}).items():
        assert old in text, f"{name}.yaml does not say {old!r}"
        text = text.replace(old, new)
    told = cast(Object, yaml.safe_load(text))
    return {**told, "spec": {**told["spec"], **spec}}


def resources(told: Object) -> dict[str, Object]:
    """The resources of an Application, by name: change them in place."""
    return {each["name"]: each for each in told["spec"]["resources"]}


def workloads(told: Object) -> dict[str, Object]:
    """The workloads of an Application, by name: change them in place."""
    return {each["name"]: each for each in told["spec"]["workloads"]}


def steps(plan: Object) -> dict[str, Counter[str]]:
    """How many things of each type a Plan creates, updates and so on."""
    found: dict[str, Counter[str]] = {}
    for step in plan["spec"]["steps"]:
        found.setdefault(step["action"], Counter())[step["target"]["type"]] += 1
    return found


def ids(seen: Seen) -> dict[str, str]:
    """What the cloud calls the resources of an Application, by name."""
    return {entry.name: entry.id for entry in seen.status.resources if entry.type.startswith("aws")}
