"""The operator is replaced under load as a Deployment does it: the next one is ready before the last one has to go."""

import itertools
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import pytest

from pilothouse.runtime.process import GRACE_SECONDS
from tests.chart.fixtures import InstalledChart
from tests.cluster import RunningCluster
from tests.e2e import manifests
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.judging import judge
from tests.e2e.lives import life
from tests.e2e.stage import Stage
from tests.e2e.test_killed import CALL_SECONDS, CHANGES, SETTLED_SECONDS, Drill, assert_ledgers_are_true
from tests.operating import Operator

APPLICATIONS: Final = 30
ROLLOUTS: Final = 4
"""An even number, so that the operator of the other tests is there in the end."""
SEED: Final = 20261130
PAUSE_SECONDS: Final = 5.0
"""The longest time in which nobody leads, or nothing is changed although much is to be."""
BUSY_SECONDS: Final = 6.0
HANDED_OVER_SECONDS: Final = GRACE_SECONDS + PAUSE_SECONDS
"""The longest time until the next one changes things, where a call of the one before takes longer than it is given."""
HANGS_SECONDS: Final = HANDED_OVER_SECONDS + 4.0
_WISHES: Final = 2


@pytest.fixture
def other(cluster: RunningCluster, account: InstalledChart, operator: Operator) -> Iterator[Operator]:
    """Another operator of the same installation, which is not started."""
    del operator
    arguments = (*ARGUMENTS[:-1], "--identity=pilothouse-1")
    made = Operator(cluster, *arguments, kubeconfig=account.kubeconfig, namespace=account.namespace)
    yield made
    made.__exit__(None, None, None)


class Watch(threading.Thread):
    """Is told of every change of the Lease. held: who held it since when; empty: nobody."""

    def __init__(self, cluster: RunningCluster, namespace: str) -> None:
        super().__init__(daemon=True)
        path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._events = cluster.api().watch(path, SETTLED_SECONDS, fieldSelector="metadata.name=pilothouse")
        self.held: list[tuple[float, str]] = []
        self.over = threading.Event()

    def run(self) -> None:
        with closing(self._events):
            for event in self._events:
                holder = event["object"]["spec"].get("holderIdentity") or ""
                if not self.held or self.held[-1][1] != holder:
                    self.held.append((time.time(), holder))
                if self.over.is_set():
                    break


@dataclass
class Rollout:
    """One operator in the place of another. told: when the old one was to end; ended: when it had."""

    old: Operator
    new: Operator
    told: float = 0.0
    ended: float = 0.0
    changes: list[float] = field(default_factory=list)


def roll_out(drill: Drill, old: Operator, new: Operator) -> Rollout:
    """Start the new one, end the old one once the new one is ready, and go on asking for changes all the time."""
    rollout = Rollout(old, new)
    new.start(wait=False)
    while not new._answers("readyz"):
        drill.wish(_WISHES)
    rollout.told = time.time()
    old.kill(signal.SIGTERM)
    while (busy := time.time() - rollout.told) < BUSY_SECONDS or old.code is None:
        assert busy < SETTLED_SECONDS, "the old one does not end"
        rollout.ended = rollout.ended or (time.time() if old.code is not None else 0.0)
        drill.wish(_WISHES)
    assert old.code == 0, old.log_tail()
    return rollout


def test_a_call_that_hangs_keeps_no_other_application_from_the_next_operator(stage: Stage, other: Operator) -> None:
    """It is on record, and is looked for by the next one as after a crash."""
    topic = {"name": "news", "cell": manifests.CLOUD, "awsTopic": {}}
    stage.apply(manifests.application("quick", resources=[manifests.queue()]))
    stage.ready("quick")
    other.start()
    stage.aws.inject("latency", "sns:CreateTopic", seconds=HANGS_SECONDS)
    stage.apply(manifests.application("slow", resources=[topic]))
    stage.until("the call has left", lambda: stage.seen("slow").status.in_flight)
    stage.operator.kill(signal.SIGTERM)
    told = time.monotonic()
    stage.spec("quick", resources=[manifests.queue(settings={"visibilityTimeoutSeconds": 99})])
    stage.until("the other is changed", lambda: stage.aws.journal("sqs:SetQueueAttributes"))
    assert time.monotonic() - told < HANDED_OVER_SECONDS
    stage.aws.clear_faults()
    stage.until("the old one ends in order", lambda: stage.operator.code == 0)
    stage.ready("slow", seconds=SETTLED_SECONDS)
    assert len({tuple(entry.ids) for entry in stage.aws.journal("sns:CreateTopic")}) == 1
    assert_ledgers_are_true(stage)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_rolling_upgrades_under_load_pause_for_seconds_and_harm_nothing(
    stage: Stage, other: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    lives = [life(f"app-{number:02}", chance) for number in range(APPLICATIONS)]
    for each in lives:
        each.coming += [wish for again in range(3) for wish in life(f"{each.name}-{again}", chance).coming]
    drill = Drill(stage, chance, lives)
    for operation in CHANGES:
        stage.aws.inject("latency", operation, seconds=CALL_SECONDS)
    watch = Watch(stage.cluster, stage.operator.namespace)
    watch.start()
    operators = [stage.operator, other]
    rollouts = [roll_out(drill, operators[number % 2], operators[(number + 1) % 2]) for number in range(ROLLOUTS)]
    watch.over.set()
    for each in lives:
        each.coming.clear()
    for each in lives:
        if each.wish.is_gone:
            stage.gone("applications", each.name, SETTLED_SECONDS)
        else:
            stage.ready(each.name, SETTLED_SECONDS)

    journal = stage.aws.journal()
    replays = [entry for entry in stage.aws.journal(outcome=None) if entry.outcome == "replayed"]
    verdict = judge(journal, len(replays), stage.aws.live_resources(), lives)
    times = sorted(entry.time for entry in journal)
    rows = [row(rollout, watch.held, times) for rollout in rollouts]
    with capsys.disabled():
        print(
            f"\n{len(verdict.made)} made, {verdict.destroyed} destroyed; leaderless, led by the next, no change, ended:"
        )
        for one in rows:
            print("  ".join(f"{seconds:5.2f} s" for seconds in one))
    assert verdict.faults == []
    assert_ledgers_are_true(stage)
    assert all(seconds < PAUSE_SECONDS for one in rows for seconds in one[:3]), rows


def row(rollout: Rollout, held: list[tuple[float, str]], times: list[float]) -> tuple[float, float, float, float]:
    """How long nobody led, until the next one did, the longest time without a change around it, until the old ended."""
    given = next(at for at, holder in held if at > rollout.told and not holder)
    taken = next(at for at, holder in held if at >= given and holder)
    near = [at for at in times if rollout.told - 1 < at < rollout.told + BUSY_SECONDS]
    pause = max(after - before for before, after in itertools.pairwise(near))
    return taken - given, taken - rollout.told, pause, rollout.ended - rollout.told
