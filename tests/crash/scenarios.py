"""The histories that are killed: what exists before, what a person asks for, and what must be there in the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.dataplane.types import Creation, Mark, Owner
from tests.crash.server import KEY
from tests.crash.toys import TYPES, WORDS, Thing, ThingSpec, restyled
from tests.crash.world import CELL, CONTROL_PLANE, World

Spec = Mapping[str, Any]
OWNER = Owner(CONTROL_PLANE, KEY.namespace, KEY.name)


def resource(name: str, kind: str, *after: str, **settings: object) -> dict[str, Any]:
    """Return one resource of a spec, which depends on the resources `after`. Something is written on it."""
    return {"name": name, "cell": CELL, kind: {"description": WORDS} | settings, "dependsOn": list(after)}


def adopted(name: str, kind: str, *after: str, **settings: object) -> dict[str, Any]:
    """Return one resource that exists, on which people have written something that is to stay."""
    return {"name": name, "cell": CELL, kind: settings, "dependsOn": list(after), "adopt": {"id": f"found-{name}"}}


def made(**settings: Any) -> ThingSpec:
    """Return the settings of what is made for a resource."""
    return ThingSpec(**{"description": WORDS} | settings)


def spec(*resources: Mapping[str, Any]) -> Spec:
    """Return the spec of an Application."""
    return {"resources": list(resources)}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One history.

    before: converged on first, None for nothing; seed: what else is in the cloud; act: what a person does;
    then: what a person does after the first death; want: settings of what must be left, by resource;
    doomed: resources of which things may be destroyed, as often as given; renewed: those of which one must be;
    photographed: those that must be kept as a snapshot of just that thing; stopped: whether so much is lost that a
    person has to agree before anything is made; untouched: whether nothing is to be made at all.
    """

    act: Callable[[World], None]
    want: Mapping[str, ThingSpec]
    before: Spec | None = None
    seed: Callable[[World], None] | None = None
    then: Callable[[World], None] | None = None
    doomed: Mapping[str, int] | None = None
    renewed: frozenset[str] = frozenset()
    photographed: frozenset[str] = frozenset()
    stopped: bool = False
    untouched: bool = False


NEWS = f"Out of stock.\n{WORDS}"
KINDS = {"a": "namedThing", "b": "tokenedThing", "c": "tokenlessThing"}
ALL = spec(resource("a", "namedThing"), resource("b", "tokenedThing", "a"), resource("c", "tokenlessThing"))
GROWN = spec(
    resource("a", "namedThing", size=2, description=NEWS),
    resource("b", "tokenedThing", "a", size=2),
    resource("c", "tokenlessThing", size=2),
)
SQUARE = spec(
    resource("a", "namedThing", shape="square"),
    resource("b", "tokenedThing", "a", shape="square"),
    resource("c", "tokenlessThing", shape="square"),
)
OTHER = spec(resource("a", "namedThing", size=7), resource("d", "tokenedThing"))
RENAMED = spec(
    resource("z", "namedThing") | {"renamedFrom": "a"},
    resource("b", "tokenedThing", "z"),
    resource("y", "tokenlessThing") | {"renamedFrom": "c"},
)
FOUND = spec(
    adopted("a", "namedThing", size=2),
    adopted("b", "tokenedThing", "a"),
    adopted("c", "tokenlessThing", description="ours"),
)
PHOTOGRAPHED = spec(*({**one, "deletionPolicy": "Snapshot"} for one in ALL["resources"]))
STANDING = spec(*({**one, "deletionPolicy": "Retain"} if one["name"] == "b" else one for one in ALL["resources"]))
ROUND, GREW, SQUARED = made(), made(size=2), made(shape="square")
TOLD = made(size=2, description=NEWS)
BY_HAND = "Made by hand."


def restored(world: World) -> None:
    """Put things there that an Application of the same name made before its cluster was lost."""
    for name, kind in KINDS.items():
        toy, cloud_name = TYPES[restyled(kind, world.style)], f"{KEY.namespace}-{KEY.name}-{name}"
        tag, description = toy.marking(Mark(OWNER, name, "app-before"), WORDS)
        thing = Thing(f"old-{name}", toy.kind, cloud_name, tag, made(description=description))
        world.cloud.things[thing.id] = thing


def found(world: World) -> None:
    """Put things there that somebody made by hand, under names of their own."""
    for name, kind in KINDS.items():
        thing = Thing(f"found-{name}", restyled(kind, world.style), f"by-hand-{name}", None, made(description=BY_HAND))
        world.cloud.things[thing.id] = thing


def stolen(world: World) -> None:
    """Delete one thing behind the Controller's back."""
    gone = next(thing for thing in world.cloud.things.values() if TYPES[thing.kind].creation is Creation.TOKENED)
    del world.cloud.things[gone.id]


def lost(world: World) -> None:
    """Lose everything at once, as when an account is emptied."""
    world.cloud.things.clear()


def lying(world: World) -> None:
    """Let the endpoint answer for a while as if there was nothing."""
    world.cloud.lies_until = world.clock.now() + 1_000


def ask_to_replace(world: World) -> None:
    """Ask for everything there is to be made anew, as `kubectl pilothouse replace` does."""
    world.annotate(replace=" ".join(entry.identity for entry in world.status().resources))


SCENARIOS: dict[str, Scenario] = {
    "create": Scenario(lambda w: w.apply(ALL), {"a": ROUND, "b": ROUND, "c": ROUND}),
    "update": Scenario(
        lambda w: w.apply(GROWN), {"a": made(size=2, description=NEWS), "b": GREW, "c": GREW}, before=ALL
    ),
    "replace": Scenario(
        lambda w: w.apply(SQUARE),
        {"a": SQUARED, "b": SQUARED, "c": SQUARED},
        before=ALL,
        doomed={"a": 1, "b": 1, "c": 1},
    ),
    "replace by request": Scenario(
        ask_to_replace,
        {"a": ROUND, "b": ROUND, "c": ROUND},
        before=ALL,
        doomed={"a": 1, "b": 1, "c": 1},
        renewed=frozenset("abc"),
    ),
    "delete": Scenario(lambda w: w.delete(), {}, before=ALL, doomed={"a": 1, "b": 1, "c": 1}),
    "adopt": Scenario(lambda w: w.apply(ALL), {"a": ROUND, "b": ROUND, "c": ROUND}, seed=restored),
    "adopt by id": Scenario(
        lambda w: w.apply(FOUND),
        {
            "a": made(size=2, description=BY_HAND),
            "b": made(description=BY_HAND),
            "c": made(description="ours"),
        },
        seed=found,
    ),
    "rename": Scenario(lambda w: w.apply(RENAMED), {"z": ROUND, "b": ROUND, "y": ROUND}, before=ALL),
    "snapshot": Scenario(
        lambda w: w.apply(spec(ALL["resources"][0])),
        {"a": ROUND},
        before=PHOTOGRAPHED,
        doomed={"b": 1, "c": 1},
        photographed=frozenset({"b", "c"}),
    ),
    "lost at once": Scenario(lost, {"a": ROUND, "b": ROUND, "c": ROUND}, before=ALL, stopped=True),
    "told that nothing is there": Scenario(lying, {"a": ROUND, "b": ROUND, "c": ROUND}, before=ALL, untouched=True),
    "repair": Scenario(stolen, {"a": ROUND, "b": ROUND, "c": ROUND}, before=ALL),
    "supersede": Scenario(
        lambda w: w.apply(ALL),
        {"a": made(size=7), "d": ROUND},
        then=lambda w: w.apply(OTHER),
        doomed={"b": 1, "c": 1},
    ),
    "retain": Scenario(
        lambda w: w.apply(OTHER),
        {"a": made(size=7), "b": ROUND, "c": ROUND, "d": ROUND},
        before=spec(ALL["resources"][0], *({**one, "deletionPolicy": "Retain"} for one in ALL["resources"][1:])),
    ),
    "retain what it stands on": Scenario(
        lambda w: w.delete(), {"a": ROUND, "b": ROUND}, before=STANDING, doomed={"c": 1}
    ),
    "delete while creating": Scenario(
        lambda w: w.apply(ALL), {}, then=lambda w: w.delete(), doomed={"a": 1, "b": 1, "c": 1}
    ),
}
