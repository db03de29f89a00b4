"""The processes of one history, one step at a time: one leads, another may be frozen, and time passes between."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller.ports import Requeue
from pilothouse.controller.reconcile import Reconciler
from pilothouse.runtime.leader import DURATION_SECONDS
from tests.crash.cloud import MUTATIONS
from tests.crash.harness import WAKES_WITHIN
from tests.crash.lives import Aim, Killed, Life
from tests.crash.referee import Referee, Watched
from tests.crash.server import KEY
from tests.crash.world import MOMENT, Custodian, World

Course = int | Aim
"""How many passes are taken, or where the process dies or freezes."""
PASSES: Final = 8
"""How many passes are waited for what is to happen during one."""
LAST_PASSES: Final = 60


class Process:
    """One process of the Controller. task: its pass, while that is frozen; since when."""

    def __init__(self, world: World, referee: Referee) -> None:
        self.life = Watched(referee=referee)
        self.reconciler: Reconciler = world.born(self.life)
        self.life.epoch = world.epoch
        assert world.custodian is not None
        self.custodian: Custodian = world.custodian
        self.task: asyncio.Task[Requeue] | None = None
        self.since = 0.0

    @property
    def calling(self) -> bool:
        """Whether it is frozen with a call on its way."""
        assert self.life.paused_at is not None
        return self.life.effects[self.life.paused_at].removeprefix("cloud ") in MUTATIONS


class Stage:
    """One world, its referee, and the processes in it: the one that leads, and the one that is frozen."""

    def __init__(self, world: World) -> None:
        self.world, self.referee = world, Referee(world)
        self.process: Process | None = None
        self.sleeper: Process | None = None
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End everything that still runs."""
        self._runner.close()

    def run(self, course: Course) -> None:
        """Let the Controller go on for some passes, or until it dies or freezes at one of its next effects.

        Only one is frozen at a time. Another takes over when there is work next.
        """
        if not isinstance(course, Aim):
            for _ in range(course):
                self.go_on()
            return
        if not course.kills and self.sleeper is not None:
            return
        process = self.awake()
        process.life.aim = replace(course)
        for _ in range(PASSES):
            if self.process is process:
                self.go_on()
        process.life.aim = None

    def wake(self, sleeper: Process) -> None:
        """Let a frozen process go on to the end of its pass."""
        assert sleeper.task is not None
        self.sleeper = None
        sleeper.life.resume.set()
        self._runner.run(_ended(sleeper.task))

    def awake(self) -> Process:
        """Return the process that leads; another one where it is dead or frozen."""
        if self.process is None:
            self.process = Process(self.world, self.referee)
            self.sweep(self.process)
        return self.process

    def sweep(self, process: Process) -> None:
        """List everything once."""
        self._runner.run(process.custodian.sweep())
        self.world.judge(process.custodian.breakers)

    def go_on(self) -> None:
        """Take a pass, and let as much time pass and be swept as there should be before the next."""
        process = self.awake()
        requeue = self.take_a_pass(process)
        if requeue is not None:
            self.wait(self.world.pause(requeue))
        if self.process is process and (requeue is None or requeue.after != 0.0):
            self.sweep(process)

    def take_a_pass(self, process: Process) -> Requeue | None:
        """Take one pass, which may die or freeze. What was read in the one before is older than it."""
        self.world.clock.time += MOMENT
        self.world.judge(process.custodian.breakers)
        self.referee.begins(process.life, process.custodian.breakers)
        requeue = self._runner.run(self._until_frozen(process))
        if process.task is not None:
            process.since, self.sleeper, self.process = self.world.clock.now(), process, None
        return requeue

    async def _until_frozen(self, process: Process) -> Requeue | None:
        task = asyncio.ensure_future(process.reconciler.reconcile(KEY))
        reached = asyncio.ensure_future(process.life.reached.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
        if reached.done():
            process.task = task
            return None
        reached.cancel()
        try:
            return task.result()
        except Overtaken:
            return None
        except (Killed, NotLeader):
            self.process = None
            return None

    def wait(self, seconds: float) -> None:
        """Let time pass. Who sleeps too long leads no more, and a call that is on its way arrives in time, or never."""
        sleeper, end = self.sleeper, self.world.clock.now() + seconds
        if sleeper is not None:
            if sleeper.calling and end > sleeper.since + WAKES_WITHIN:
                self.world.clock.time = max(self.world.clock.now(), sleeper.since + WAKES_WITHIN)
                self.wake(sleeper)
            elif end > sleeper.since + DURATION_SECONDS and sleeper.life.epoch == self.world.epoch:
                self.world.epoch += 1
        self.world.clock.time = max(end, self.world.clock.now())

    def end(self) -> None:
        """Let all faults end, and then a last life run."""
        if self.sleeper is not None:
            self.wake(self.sleeper)
        cloud = self.world.cloud
        cloud.troubles, cloud.lag, cloud.lies_until = [], 0, 0.0
        self.world.fleet = FleetPolicySpec()
        self._runner.run(self.world.live(Life(), passes=LAST_PASSES))


async def _ended(task: asyncio.Task[Requeue]) -> None:
    """Wait for the end of a pass, and of what it left running."""
    with suppress(Killed, NotLeader, Overtaken):
        await task
    for _ in range(5):
        await asyncio.sleep(0)
