"""What the suite knows of a type: settings to create it with, values to change each field to, how others meddle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pilothouse.dataplane.types import Call, Reading, ResourceType
from tests.aws.server import AwsServer

AnyType = ResourceType[Any]
Settings = Mapping[str, Any]
Maker = Callable[[AwsServer], str]


@dataclass(frozen=True)
class Setting:
    """One field that can be changed in place.

    first, second: two values of it. behind: calls, `$id` standing for the thing, by which somebody else changes it
    away from `first`; when there are none, somebody else sends what the type itself sends to change it to `second`.
    beside: other settings that it needs. default: what it has when nobody set it, where leaving it out again must
    bring that back. removed: whether leaving it out again must take it away. also: what else a Plan shows as changed.
    then: other settings that only the second value needs.
    one_way: why nobody can change it back, where that is so.
    """

    first: Any
    second: Any
    behind: tuple[Call, ...] = ()
    beside: Settings = field(default_factory=dict)
    default: Any = None
    removed: bool = False
    also: frozenset[str] = frozenset()
    then: Settings = field(default_factory=dict)
    one_way: str = ""


@dataclass(frozen=True)
class Fixed:
    """One field that cannot change, with two values of it.

    beside: other settings that it needs. then: those that only the second value needs.
    """

    first: Any
    second: Any
    beside: Settings = field(default_factory=dict)
    then: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One type. Text beginning with `$` stands for something that the stage has prepared.

    minimal: the settings that it cannot do without. wrong: settings that AWS refuses. stage: how to make what its
    settings refer to, by name. several: what tells several of them apart, where AWS wants them to differ.
    in_use: makes something that keeps AWS from deleting the thing; where nothing can, a text that says why.
    options: fields that say how changes are made and that AWS does not keep: tests of their own try them.
    emulated: why AWS itself would not take the settings; empty where it would.
    """

    type: AnyType
    minimal: Settings
    settings: Mapping[str, Setting]
    fixed: Mapping[str, Fixed]
    wrong: Settings
    stage: Mapping[str, Maker] = field(default_factory=dict)
    several: Callable[[int], Settings] = lambda _: {}
    in_use: Callable[[AwsServer, Reading], object] | str = "nothing can"
    options: frozenset[str] = frozenset()
    emulated: str = ""


def placed(value: Any, *stages: Mapping[str, str]) -> Any:
    """Return `value` with every text that stands for something prepared replaced by what that is called."""
    match value:
        case str() if value.startswith("$"):
            return next(stage[value] for stage in reversed(stages) if value in stage)
        case Mapping():
            return {key: placed(item, *stages) for key, item in value.items()}
        case list() | tuple():
            return [placed(item, *stages) for item in value]
        case _:
            return value
