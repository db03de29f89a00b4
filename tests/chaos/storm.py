"""The storm: what goes wrong, drawn from a seed. One thing is done after the other; most of them last for a while."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.chaos.reigns import LEASE
from tests.chaos.world import IDENTITIES, NAMESPACES, World
from tests.cluster.components import Component
from tests.cluster.errors import CommandError
from tests.e2e.lives import GONE, Life, Wish
from tests.e2e.stage import Stage
from tests.operating import Operator

CALM_SECONDS: Final = (0.1, 0.9)
"""Between two things that go wrong."""
LEAST_KILLS: Final = 5
FREEZE_SECONDS: Final = (17.0, 25.0)
"""How long an operator is stopped: longer than its Lease lasts."""
LISTINGS: Final = ("ec2:DescribeInstances", "ec2:DescribeAddresses")

Fault = tuple[str, str, dict[str, Any]]
"""Kind, operations, and more of `tests.aws.faults.Fault`."""


@dataclass
class Storm:
    """Applications that people change while everything around them fails.

    counts: how often each thing was done; later: what is to be undone, and when (monotonic seconds);
    faults: those that AWS always has; leaving: namespaces that are being deleted; frozen: operators that are stopped;
    failing: whether AWS has one fault more; deaths: when operators were killed, seconds since the epoch, and which;
    down: those that are soon started again.
    """

    world: World
    lives: dict[str, list[Life]]
    chance: random.Random
    tell: Callable[[str], None]
    counts: Counter[str] = field(default_factory=Counter)
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    suspended: set[tuple[str, str]] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    frozen: list[Operator] = field(default_factory=list)
    failing: bool = False
    deaths: list[tuple[float, str]] = field(default_factory=list)
    down: list[Operator] = field(default_factory=list)

    def rage(self, seconds: float) -> None:
        """Let things go wrong for so long, and on until enough operators were killed."""
        acts: dict[Callable[[], None], int] = {
            self.people: 30,
            self.kill: 14,
            self.fault: 6,
            self.suspend: 3,
            self.freeze: 2,
            self.restart_api_server: 2,
            self.restart_etcd: 1,
            self.break_credentials: 1,
            self.delete_namespace: 1,
        }
        self._set_faults()
        end, told = time.monotonic() + seconds, 0.0
        while (now := time.monotonic()) < end or self.counts["kills"] < LEAST_KILLS:
            self._undo(now)
            self._notice_ends()
            (act,) = self.chance.choices(list(acts), list(acts.values()))
            act()
            if now - told > 10:
                told = now
                self.tell(f"{max(0.0, end - now):.0f} s left; so far {dict(sorted(self.counts.items()))}")
            time.sleep(self.chance.uniform(*CALM_SECONDS))

    def calm(self) -> None:
        """Undo everything that lasts: from now on nothing goes wrong any more."""
        while self.later:
            self.later.sort(key=lambda each: each[0])
            time.sleep(max(0.0, self.later[0][0] - time.monotonic()))
            self._undo(time.monotonic())
        for namespace, name in sorted(self.suspended):
            with suppress(CommandError):
                self.world.stage(namespace).spec(name, suspend=False)

    def settled(self, seconds: float) -> list[str]:
        """Wait until everything is as it is wished; return what is not when the time is over."""
        every = [(self.world.stage(namespace), each) for namespace, those in self.lives.items() for each in those]
        end, told = time.monotonic() + seconds, 0.0
        while left := [problem for stage, each in every if (problem := _unsettled(stage, each))]:
            if (now := time.monotonic()) > end:
                return left
            self._undo(now)
            self._notice_ends()
            if now - told > 10:
                told = now
                self.tell(f"{len(left)} Applications are not settled yet, such as {left[0]}")
            time.sleep(1.0)
        return []

    def people(self) -> None:
        """Let people change their minds about some Applications: make, change, replace, delete."""
        for namespace in self.chance.sample(NAMESPACES, 2):
            if namespace in self.leaving:
                self._come_back(namespace)
                continue
            stage = self.world.stage(namespace)
            able = [each for each in self.lives[namespace] if each.coming and not _is_going(stage, each)]
            chosen = self.chance.sample(able, min(len(able), self.chance.randint(1, 4)))
            now = time.time()
            self._apply(stage, [(each.name, each.utter(now)) for each in chosen])

    def _apply(self, stage: Stage, wishes: Sequence[tuple[str, Wish]]) -> None:
        applied = [wish.application(name) for name, wish in wishes if not wish.is_gone]
        deleted = [name for name, wish in wishes if wish.is_gone]
        self.counts["changes asked for"] += len(wishes)
        if applied:
            stage.apply(*applied)
        for name in deleted:
            cascade = self.chance.choice(["background", "foreground", "orphan"])
            # Its namespace may have taken it along already.
            stage.kubectl("delete", "phapp", name, "--ignore-not-found", "--wait=false", f"--cascade={cascade}")

    def kill(self) -> None:
        """Kill an operator, which a kubelet starts again."""
        operator = self._running()
        if operator is not None:
            operator.kill()
            self.deaths.append((time.time(), IDENTITIES[self.world.operators.index(operator)]))
            self.counts["kills"] += 1
            self._start_again(operator)

    def _notice_ends(self) -> None:
        """Start what ended by itself, as a kubelet does: an operator ends when it loses the Lease."""
        for operator in self.world.operators:
            if operator.code is not None and operator not in self.down:
                self.counts["operators that ended by themselves"] += 1
                self._start_again(operator)

    def _start_again(self, operator: Operator) -> None:
        def start() -> None:
            operator.start(wait=False)
            self.down.remove(operator)

        self.down.append(operator)
        self._later(self.chance.uniform(0.0, 2.0), start)

    def freeze(self) -> None:
        """Stop an operator for longer than its Lease lasts: another one takes over, and then it wakes up."""
        operator = self._running()
        if operator is not None and len(self.world.operators) > 1:
            operator.kill(signal.SIGSTOP)
            self.frozen.append(operator)
            self.counts["freezes"] += 1
            self._later(self.chance.uniform(*FREEZE_SECONDS), lambda: self._thaw(operator))

    def _thaw(self, operator: Operator) -> None:
        operator.kill(signal.SIGCONT)
        self.frozen.remove(operator)

    def restart_api_server(self) -> None:
        """Kill an API server, and start it again."""
        self.chance.choice(self.world.clusters).restart(Component.API_SERVER)
        self.counts["API servers killed"] += 1

    def restart_etcd(self) -> None:
        """Kill an etcd, and start it again."""
        self.chance.choice(self.world.clusters).restart(Component.ETCD)
        self.counts["etcds killed"] += 1

    def fault(self) -> None:
        """Let AWS, or the way to it, have one fault more for some seconds."""
        if self.failing:
            return
        fault: Fault = self.chance.choice(
            [
                ("throttle", "*", {"probability": 0.5}),
                ("error", "*", {"probability": 0.3, "executed": self.chance.random() < 0.5}),
                ("drop", "*", {"probability": 0.4, "executed": self.chance.random() < 0.7}),
                ("latency", "*", {"seconds": self.chance.uniform(0.2, 2.0), "probability": 0.5}),
                ("stale", self.chance.choice(LISTINGS), {"seconds": self.chance.uniform(2.0, 6.0)}),
                ("empty", "*", {}),
                ("short", "*", {"probability": 0.5}),
            ]
        )
        self.counts["faults of AWS"] += 1
        self._set_faults(fault)
        self._later(self.chance.uniform(2.0, 6.0), self._set_faults)

    def break_credentials(self) -> None:
        """Let the keys of AWS expire; some seconds later there are new ones."""
        self.world.set_keys(wrong=True)
        self.counts["keys that expired"] += 1
        number = self.counts["keys that expired"]
        self._later(self.chance.uniform(2.0, 6.0), lambda: self.world.set_keys(number))

    def suspend(self) -> None:
        """Suspend an Application, or let one go on."""
        namespace = self.chance.choice(NAMESPACES)
        there = [each for each in self.lives[namespace] if not each.wish.is_gone]
        if namespace in self.leaving or not there:
            return
        name, stage = self.chance.choice(there).name, self.world.stage(namespace)
        known = (namespace, name) in self.suspended
        with suppress(CommandError):
            stage.spec(name, suspend=not known)
            self.suspended ^= {(namespace, name)}
            self.counts["times suspended"] += not known

    def delete_namespace(self) -> None:
        """Delete a namespace with all that is in it. It comes back once it is gone."""
        namespace = self.chance.choice(NAMESPACES)
        if self.leaving:
            return
        now = time.time()
        for each in self.lives[namespace]:
            if not each.wish.is_gone:
                each.past.append((now, GONE))
        self.leaving.add(namespace)
        self.suspended = {known for known in self.suspended if known[0] != namespace}
        self.world.home.kubectl("delete", "namespace", namespace, "--wait=false")
        self.counts["namespaces deleted"] += 1

    def _come_back(self, namespace: str) -> None:
        if self.world.stage(namespace).find("namespaces", namespace) is None:
            self.world.home.kubectl("create", "namespace", namespace)
            self.leaving.discard(namespace)

    def _running(self) -> Operator | None:
        """Return an operator that runs, most often the one that leads."""
        free = [each for each in self.world.operators if each.code is None and each not in self.frozen]
        holder = self.world.stages[0].api.get(LEASE)["spec"].get("holderIdentity", "")
        leading = [each for each, identity in zip(self.world.operators, IDENTITIES, strict=True) if identity == holder]
        first = [each for each in leading if each in free]
        return self.chance.choice(first * 3 + free) if free else None

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, act))

    def _undo(self, now: float) -> None:
        due = [each for each in self.later if each[0] <= now]
        self.later = [each for each in self.later if each[0] > now]
        for _, act in due:
            act()

    def _set_faults(self, *more_of_them: Fault) -> None:
        self.failing = bool(more_of_them)
        self.world.aws.clear_faults()
        for kind, operation, more in (*self.faults, *more_of_them):
            # Injected anew, a fault of the same seed would strike the same of its first calls, or none of them.
            self.world.aws.inject(kind, operation, **more, seed=self.chance.randrange(1 << 16))  # type: ignore[arg-type]


def _is_going(stage: Stage, each: Life) -> bool:
    """Whether it was deleted and is still there: nobody can make it again before it is gone."""
    return bool(each.past) and each.wish.is_gone and stage.find("applications", each.name) is not None


def _unsettled(stage: Stage, each: Life) -> str:
    raw = stage.find("applications", each.name)
    if each.wish.is_gone:
        return "" if raw is None else f"{each.name} is still there: {_ready(raw)}"
    if raw is None:
        return f"{each.name} is not there"
    ready, generation = _ready(raw), raw["metadata"]["generation"]
    done = ready.get("status") == "True" and ready.get("observedGeneration") == generation
    return "" if done else f"{each.name}: {ready}"


def _ready(raw: Any) -> dict[str, Any]:
    conditions = (raw.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == "Ready"), {})
