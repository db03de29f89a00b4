"""The referee of random histories: what no call, no status and no moment may break, whatever has happened before.

A call is judged by what its process could know: the spec, approvals and policies when its pass began, and the version
of the Application that the last write ahead of it named; the cloud as it was when the call left. What the cloud denied
when it was asked for just that is nobody's fault afterwards: there is no better evidence than a direct read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pilothouse.api.application import ApplicationSpec, Resource
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.meta import REPLACE_ANNOTATION
from pilothouse.api.times import seconds
from pilothouse.controller.breakers import Breakers
from pilothouse.dataplane.types import Creation, Mark
from pilothouse.planning.approval import strictest
from pilothouse.planning.budget import HOUR
from tests.crash.claims import Claims, Name, block_of, is_ours
from tests.crash.cloud import MUTATIONS, Entry
from tests.crash.lives import Aim, Blow, Life
from tests.crash.server import KEY
from tests.crash.toys import TYPES, Thing
from tests.crash.world import CELL, World


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pass knows: the Application as it read or wrote it last, the fleet's policy, and the breaker."""

    application: Mapping[str, Any]
    fleet: FleetPolicySpec
    breaker_open: bool

    @property
    def spec(self) -> ApplicationSpec:
        return ApplicationSpec.model_validate(self.application["spec"])

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self.application["metadata"]

    @property
    def wanted(self) -> dict[Name, Resource]:
        """What is to exist, by every name that a thing of it may bear in its mark.

        Where both names of a resource are on record the former is nobody's: it was made for another one since.
        """
        resources = () if self.deleting else self.spec.resources
        known = {(one["type"], one["name"]) for one in (self.application.get("status") or {}).get("resources", ())}
        own = {(next(iter(one.blocks)), one.name): one for one in resources}
        former = {(kind, one.renamed_from): one for (kind, name), one in own.items() if one.renamed_from}
        both = {old for old, one in former.items() if {old, (old[0], one.name)} <= known}
        return {old: one for old, one in former.items() if old not in both} | own

    @property
    def suspended(self) -> bool:
        return self.fleet.suspend or (self.spec.suspend and not self.deleting)

    @property
    def approval(self) -> str:
        """Whose word is needed: nobody's for the deletion of a whole Application."""
        return "Automatic" if self.deleting else strictest(self.spec.change_policy.approval, self.fleet.approval_floor)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a call meets as it leaves: its pass's terms, what there is, and what listings show of that.

    policies: what was last said of each resource by then.
    """

    terms: Terms
    things: Mapping[str, Thing]
    listed: Mapping[str, Thing]
    policies: Mapping[Name, str]


@dataclass
class Watched(Life):
    """A life of which every effect is judged.

    referee: by whom; epoch: its leadership; terms: of its pass; aim: at which of its effects it is to freeze or die.
    """

    referee: "Referee" = field(kw_only=True)
    epoch: int = 0
    terms: Terms | None = None
    aim: Aim | None = None

    async def effect(self, name: str, act: Callable[[], Any]) -> Any:
        if self.aim is not None and self.aim.hits(name):
            self._struck(self.aim)
        scene = None if self.dead else self.referee.leaves(self, name)

        def judged() -> Any:
            return self.referee.judges(self, name, scene, act)

        return await super().effect(name, judged)

    def _struck(self, aim: Aim) -> None:
        self.aim, number = None, len(self.effects)
        if aim.kills:
            self.blow = Blow(number, after=aim.after)
        else:
            self.paused_at = number


@dataclass
class Referee:
    """What it has seen of one history, and what was wrong in it.

    approved: what a person has agreed to, by resource, action and identifier, until it is used; policies: what was last
    said of each resource that a pass could read; begun: when each destruction that counts was begun; doubled: of what
    there were two at once.
    """

    world: World
    faults: list[str] = field(default_factory=list)
    approved: set[tuple[Name, str, str]] = field(default_factory=set)
    policies: dict[Name, str] = field(default_factory=dict)
    begun: set[tuple[str, float]] = field(default_factory=set)
    doubled: set[tuple[Mark | None, str]] = field(default_factory=set)
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.world, self.faults)

    def begins(self, life: Watched, breakers: Breakers) -> None:
        """Take note of what a pass can read as it begins."""
        application = self.world.server.application
        if application is None:
            life.terms = None
            return
        life.terms = Terms(application, self.world.fleet, breakers.record(CELL).is_open)
        self._hear(life.terms)

    def approves(self, plan: str) -> None:
        """Take note that a person agrees to a Plan."""
        steps = self.world.server.plans[plan].spec.steps
        self.approved |= {((s.target.type, s.target.resource), s.action, s.basis.id) for s in steps if s.gated}

    def leaves(self, life: Watched, name: str) -> Scene | None:
        """Judge that an effect is about to happen; return what there is at that moment."""
        if life.terms is None or name.removeprefix("cloud ") not in MUTATIONS:
            return None
        cloud = self.world.cloud
        self._hold(life.epoch == self.world.epoch, f"{name}: sent by a process that does not lead any more")
        self._hold(not life.terms.suspended, f"{name}: sent although all is suspended")
        return Scene(life.terms, dict(cloud.things), dict(cloud.stale()), dict(self.policies))

    def judges(self, life: Watched, name: str, scene: Scene | None, act: Callable[[], Any]) -> Any:
        """Let an effect happen and judge it."""
        before = len(self.world.cloud.journal)
        try:
            result = act()
        finally:
            for entry in self.world.cloud.journal[before:]:
                assert scene is not None, "only calls change the cloud"
                self._judge(entry, scene)
        application = self.world.server.application
        if name.startswith("api ") and life.terms is not None and application is not None:
            life.terms = replace(life.terms, application=application)
        if name == "api status":
            self.claims.look()
            self.claims.written()
        return result

    def _hold(self, fine: object, otherwise: str) -> None:
        if not fine:
            self.faults.append(otherwise)

    def _hear(self, terms: Terms) -> None:
        for name, one in replace(terms, application=_alive(terms.application)).wanted.items():
            self.policies[name] = one.deletion_policy or "Delete"

    # Calls

    def _judge(self, entry: Entry, scene: Scene) -> None:
        self._hold(
            not scene.terms.breaker_open or entry.operation not in {"Create", "Delete"},
            f"{entry}: although the breaker was open",
        )
        match entry.operation:
            case "Create":
                self._judge_create(entry, scene)
            case "Delete":
                self._judge_delete(entry, scene)
            case "Mark":
                self._judge_mark(entry, scene)
            case _:
                have = scene.things[entry.id]
                self._hold(is_ours(have.mark), f"{entry}: changed, and not ours")
                self._judge_approval(entry, have, scene, {"Update", "Adopt", "Create", "Replace"}, gated=False)

    def _judge_create(self, entry: Entry, scene: Scene) -> None:
        mark = entry.mark
        assert mark is not None, "what is made bears a mark"
        self._hold((entry.kind, mark.resource) in scene.terms.wanted, f"{entry}: made though nobody wants it")
        if self._namesakes(entry, self.world.cloud.things, mark):
            self.doubled.add((mark, entry.kind))
        once_more = TYPES[entry.kind].creation is Creation.TOKENLESS
        for other in self._namesakes(entry, scene.things if once_more else self.world.cloud.things):
            denied = other.id in self.world.cloud.denied
            self._hold(denied, f"{entry}: made although there is {other.id} {other.mark}")
        self._judge_approval(entry, None, scene, {"Create", "Replace"}, gated=False)

    @staticmethod
    def _namesakes(entry: Entry, things: Mapping[str, Thing], mark: Mark | None = None) -> list[Thing]:
        """Return what this incarnation of the Application has for the same resource, of `mark` if that is given."""
        assert entry.mark is not None
        same = (entry.mark.owner, entry.mark.resource, entry.mark.uid)
        found = (one for one in things.values() if (one.kind, one.id != entry.id) == (entry.kind, True))
        marks = ((one, one.mark) for one in found if mark in {None, one.mark})
        return [one for one, its in marks if its and (its.owner, its.resource, its.uid) == same]

    def _judge_delete(self, entry: Entry, scene: Scene) -> None:
        have, terms = scene.things.get(entry.id), scene.terms
        if have is None or have.mark is None or not is_ours(have.mark):
            self.faults.append(f"{entry}: destroyed, and not ours or not what was seen")
            return
        if self._is_extra(have):
            return
        name = (have.kind, have.mark.resource)
        one = terms.wanted.get(name)
        known = have.id not in self.world.cloud.denied
        self._hold(not known or scene.policies.get(name) != "Retain", f"{entry}: destroyed though it says Retain")
        asked = f":{have.id}" in terms.application["metadata"].get("annotations", {}).get(REPLACE_ANNOTATION, "")
        differs = one is None or block_of(one).shape != have.settings.shape
        self._hold(terms.deleting or differs or asked, f"{entry}: destroyed though nobody asked")
        self._hold(not (terms.deleting and terms.spec.deletion_protection), f"{entry}: destroyed though protected")
        actions = {"Replace"} if one is not None else {"Delete"}
        if known:
            self._judge_approval(entry, have, scene, actions, gated=True)
        self.approved -= {(each, action, have.id) for each in self._names(entry, have) for action in actions}
        if one is not None:
            self.approved.add((name, "Create", ""))  # the other half of what was agreed to
        if not terms.deleting:
            self._judge_budget(entry, terms)

    def _is_extra(self, have: Thing) -> bool:
        """Tell whether it is what an unfinished create left behind: made once more, and on no record."""
        recorded = {one.id for one in self.world.status().resources}
        return (have.mark, have.kind) in self.doubled and have.id not in recorded

    def _judge_budget(self, entry: Entry, terms: Terms) -> None:
        ways = [one.under_way for one in self.world.status().resources if one.id == entry.id and one.under_way]
        self.begun |= {(entry.id, seconds(way.since)) for way in ways}
        for _, end in self.begun:
            number = sum(end - HOUR < at <= end for _, at in self.begun)
            self._hold(number <= terms.fleet.budgets.destructive_steps_per_hour, f"{entry}: {number} in one hour")

    def _judge_mark(self, entry: Entry, scene: Scene) -> None:
        have, named = scene.things[entry.id], {one.adopt.id for one in scene.terms.spec.resources if one.adopt}
        taken = have.mark is None and have.id in named
        self._hold(taken or is_ours(have.mark), f"{entry}: taken over, and not ours")
        uid = entry.mark.uid if entry.mark else ""
        # A search by mark may still show what was let go just now as it was.
        before = {one.mark.uid for one in (have, scene.listed.get(have.id)) if one and one.mark}
        takeover = uid not in {"", *before}
        self._judge_approval(entry, have, scene, {"Adopt", "Release"}, gated=takeover)

    def _judge_approval(
        self, entry: Entry, have: Thing | None, scene: Scene, actions: set[str], *, gated: bool
    ) -> None:
        """Hold that a person has agreed to what needs it: `gated` steps, or any where every one does."""
        approval = scene.terms.approval
        if approval == "Automatic" or (approval == "Destructive" and not gated):
            return
        basis = have.id if gated and have else None
        names = self._names(entry, have)
        agreed = any(n in names and a in actions and basis in {None, i} for n, a, i in self.approved)
        self._hold(agreed, f"{entry}: nobody agreed to {' or '.join(sorted(actions))} {names}")

    def _names(self, entry: Entry, have: Thing | None) -> set[Name]:
        """Return what a thing is called: by its mark, before and now, and on record, where that is not written yet."""
        marks = [one for one in (entry.mark, have.mark if have else None) if one]
        entries = self.world.status().resources if self.world.server.application else ()
        recorded = {one.name for one in entries if (one.type, one.id) == (entry.kind, entry.id)}
        return {(entry.kind, name) for name in {*recorded, *(mark.resource for mark in marks)}}


def _alive(application: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Application as if nobody had deleted it: what it says to retain counts all the same."""
    return {**application, "metadata": {"name": KEY.name}}
