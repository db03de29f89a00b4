"""What is said of an Application must be true: its status at every moment, and what is left in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pilothouse.api.application import ApplicationSpec, ApplicationStatus, LedgerEntry, Resource
from pilothouse.api.conditions import Condition, find
from pilothouse.dataplane.types import Mark
from tests.crash.scenarios import OWNER
from tests.crash.toys import Thing, ThingSpec
from tests.crash.world import World

Name = tuple[str, str]
"""Type and resource."""
KSTATUS: Final = {("True", "False", "False"), ("Unknown", "True", "False"), ("False", "False", "True")}
"""What Ready, Reconciling and Stalled may say together."""
SETTLED: Final = frozenset(
    {
        "AdoptWouldReplace",
        "CellNotFound",
        "DeletionProtected",
        "NameConflict",
        "NotFound",
        "Retained",
        "Suspended",
    }
)
"""Reasons for which a history may end Stalled: only a person can tell what is meant."""


@dataclass
class Claims:
    """What status has said so far. faults: what of it was wrong."""

    world: World
    faults: list[str]
    _ledger: dict[Name, int] = field(default_factory=dict)
    _uid: str = ""
    _revision: int = 0

    def look(self) -> None:
        """Judge what stands in status now."""
        application = self.world.server.application
        if application is None:
            self._uid = ""
            return
        status = self.world.status()
        self._ledger_goes_on(application["metadata"]["uid"], status)
        if status.conditions:
            self._conditions_fit(application["metadata"]["generation"], status.conditions)

    def _hold(self, fine: object, otherwise: str) -> None:
        if not fine:
            self.faults.append(otherwise)

    def _ledger_goes_on(self, uid: str, status: ApplicationStatus) -> None:
        """Hold that revision and incarnations never go back, and that nothing stands there twice.

        What was denied when it was asked for, and is seen again, never went: its incarnation is what it was before.
        """
        if uid != self._uid:
            self._uid, self._revision, self._ledger = uid, 0, {}
        self._hold(
            status.plan_revision >= self._revision, f"planRevision {status.plan_revision} after {self._revision}"
        )
        denied = {(one.type, one.name) for one in status.resources if one.id in self.world.cloud.denied}
        new = {(one.type, one.name): one.incarnation for one in status.resources}
        for name in self._ledger.keys() & new.keys() - denied:
            self._hold(new[name] >= self._ledger[name], f"{name}: incarnation {new[name]} after {self._ledger[name]}")
        twice = [one for one, count in Counter(one.id for one in status.resources if one.id).items() if count > 1]
        self._hold(not twice, f"on record twice: {twice}")
        self._revision, self._ledger = status.plan_revision, new

    def _conditions_fit(self, generation: int, conditions: tuple[Condition, ...]) -> None:
        by_type = {one.type: one for one in conditions}
        said = tuple(by_type[kind].status for kind in ("Ready", "Reconciling", "Stalled"))
        self._hold(said in KSTATUS, f"Ready, Reconciling and Stalled say {said}")
        for one in conditions:
            self._hold(one.observed_generation <= generation, f"{one.type} speaks of a generation to come")
        for kind, bad in (("Ready", {"False", "Unknown"}), ("Reconciling", {"True"}), ("Stalled", {"True"})):
            one = by_type[kind]
            self._hold(one.message or one.status not in bad, f"{kind} is {one.status}, and does not say why")

    def written(self) -> None:
        """Hold that what is called Ready was seen, since our last change of it, to be as it is wanted.

        But for the drift that is shown beside it. What others have changed since then it cannot know.
        """
        application = self.world.server.application
        if application is None or "deletionTimestamp" in application["metadata"]:
            return
        status = self.world.status()
        ready = find(status.conditions, "Ready")
        if (
            ready is None
            or ready.status != "True"
            or ready.observed_generation != application["metadata"]["generation"]
        ):
            return
        entries = {(one.type, one.name): one for one in status.resources}
        spec = ApplicationSpec.model_validate(application["spec"])
        for one in spec.resources:
            entry = entries.get((next(iter(one.blocks)), one.name))
            seen = self.world.cloud.confirmed.get(entry.id, []) if entry else []
            as_wanted = any(fits(spec, one, settings, entry) for settings in seen)
            self._hold(as_wanted, f"Ready although {one.name} was only seen as {seen}")


def ending(world: World) -> Iterator[str]:
    """Yield what is wrong once all faults have ended and a life has run.

    Nothing may be left behind, and all is as it is wanted or a person is told what only a person can resolve. What was
    begun and is suspended since is late, and told to be.
    """
    left = _by_incarnation(world.cloud.things)
    left.pop("", None)  # what is retained is nobody's
    application = world.server.application
    known = {one.id for one in world.status().resources} if application else set()
    for things in left.values():
        yield from (f"left behind: {one}" for one in things if one.id not in known | world.cloud.denied)
    if application is None:
        return
    conditions = world.status().conditions
    ready, stalled = (find(conditions, kind) for kind in ("Ready", "Stalled"))
    if stalled is not None and stalled.status == "True":
        late = {"StepTimedOut"} if application["spec"].get("suspend") else set()
        yield from () if stalled.reason in SETTLED | late else (f"it ends {stalled}",)
    elif ready is None or ready.status != "True" or "deletionTimestamp" in application["metadata"]:
        yield f"it ends {ready}"
    else:
        yield from _unfit(world, ApplicationSpec.model_validate(application["spec"]))


def _unfit(world: World, spec: ApplicationSpec) -> Iterator[str]:
    entries = {(one.type, one.name): one for one in world.status().resources}
    for one in spec.resources:
        entry = entries.get((next(iter(one.blocks)), one.name))
        thing = world.cloud.things.get(entry.id) if entry else None
        if thing is None or not fits(spec, one, thing.settings, entry):
            yield f"{one.name} is called Ready, and is {thing}"


def fits(spec: ApplicationSpec, one: Resource, settings: ThingSpec, entry: LedgerEntry | None) -> bool:
    """Tell whether a thing is as a resource of a spec says, but for the drift that its entry shows.

    What drift is to be ignored is not shown, so nothing can be said then.
    """
    drift = {each.path for each in entry.drift} if entry else set()
    block = block_of(one).model_dump(exclude_none=True)
    same = all(getattr(settings, path) == value for path, value in block.items() if path not in drift)
    return same or spec.change_policy.drift == "Ignore"


def _by_incarnation(things: Mapping[str, Thing]) -> dict[str, list[Thing]]:
    """Return what bears our mark, by the incarnation of the Application that it names."""
    found = defaultdict[str, list[Thing]](list)
    for thing in things.values():
        if thing.mark is not None and is_ours(thing.mark):
            found[thing.mark.uid].append(thing)
    return found


def is_ours(mark: Mark | None) -> bool:
    """Tell whether a mark is that of the Application."""
    return mark is not None and mark.owner == OWNER


def block_of(one: Resource) -> ThingSpec:
    """Return the settings that a resource asks for."""
    return ThingSpec.model_validate(next(iter(one.blocks.values())))
