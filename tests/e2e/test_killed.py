"""The operator killed for real, again and again, at any moment: the cloud's own journal is the judge."""

import random
import time
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.e2e.judging import Verdict, judge
from tests.e2e.lives import Life, life
from tests.e2e.seen import Seen
from tests.e2e.stage import Stage

APPLICATIONS: Final = 20
KILLS: Final = 50
SEED: Final = 20261123
LONGEST_LIFE_SECONDS: Final = 1.5
SETTLED_SECONDS: Final = 330.0
"""Where a create was lost whose Application goes, that waits for five minutes: so long it may not show."""
LEAST_IN_FLIGHT: Final = 10
CALL_SECONDS: Final = 0.15
"""How long the cloud takes for a change: it is carried out although the one who asked for it was killed meanwhile."""
HIDDEN_SECONDS: Final = 4.0
"""How long listings do not show a new instance: the next operator looks for it in vain, and has only the token."""
CHANGES: Final = ("ec2:RunInstances", "ec2:TerminateInstances", "sqs:*Queue", "sqs:Set*")


@dataclass
class Drill:
    """Applications that come, change and go, while the operator is killed."""

    stage: Stage
    chance: random.Random
    lives: list[Life]
    in_flight: int = 0
    starts: list[float] = field(default_factory=list)

    def wish(self, count: int) -> None:
        """Have some of the next wishes uttered; what was deleted is made again only once it is gone."""
        able = [each for each in self.lives if each.coming and not self._is_going(each)]
        chosen = self.chance.sample(able, min(count, len(able)))
        now = time.time()
        wishes = {each.name: each.utter(now) for each in chosen}
        applied = [wish.application(name) for name, wish in wishes.items() if not wish.is_gone]
        deleted = [name for name, wish in wishes.items() if wish.is_gone]
        if applied:
            self.stage.apply(*applied)
        if deleted:
            self.stage.kubectl("delete", "phapp", *deleted, "--wait=false")

    def live_and_die(self) -> None:
        """Let the operator live for a moment, not always until it is ready, and kill it."""
        operator = self.stage.operator
        began = time.monotonic()
        operator.start(wait=self.chance.random() < 0.9)
        self.starts.append(time.monotonic() - began)
        time.sleep(self.chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        operator.kill()
        self.in_flight += any(Seen(raw).status.in_flight for raw in self.stage.items("applications"))

    def free(self) -> None:
        """Wait until somebody whose wishes are still to be uttered is free to: what was deleted is gone."""
        self.stage.until(
            "what was deleted is gone",
            lambda: any(each.coming and not self._is_going(each) for each in self.lives),
            SETTLED_SECONDS,
        )

    def settle(self) -> None:
        """Wait until everything is as it was wished."""
        self.stage.operator.start()
        for each in self.lives:
            if each.wish.is_gone:
                self.stage.gone("applications", each.name, SETTLED_SECONDS)
            else:
                self.stage.ready(each.name, SETTLED_SECONDS)

    def _is_going(self, each: Life) -> bool:
        return bool(each.past) and each.wish.is_gone and self.stage.find("applications", each.name) is not None


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_kills_make_nothing_twice_and_leave_nothing_behind(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    drill = Drill(stage, chance, [life(f"app-{number:02}", chance) for number in range(APPLICATIONS)])
    wishes = sum(len(each.coming) for each in drill.lives)
    for operation in CHANGES:
        stage.aws.inject("latency", operation, seconds=CALL_SECONDS)
    stage.aws.inject("stale", "ec2:DescribeInstances", seconds=HIDDEN_SECONDS)
    stage.operator.kill()
    for left in range(KILLS, 0, -1):
        drill.wish(-(-sum(len(each.coming) for each in drill.lives) // left))
        drill.live_and_die()
    while any(each.coming for each in drill.lives):
        stage.operator.start()
        drill.free()
        drill.wish(APPLICATIONS)
        stage.operator.kill()
    drill.settle()

    replays = [entry for entry in stage.aws.journal(outcome=None) if entry.outcome == "replayed"]
    verdict = judge(stage.aws.journal(), len(replays), stage.aws.live_resources(), drill.lives)
    with capsys.disabled():
        print(f"\n{table(drill, wishes, verdict)}")
    assert verdict.faults == []
    assert len(verdict.made) == verdict.marks
    assert_ledgers_are_true(stage)
    assert drill.in_flight >= LEAST_IN_FLIGHT, "too few kills hit anything: this proves nothing"
    assert verdict.repeated > 0, "no create was ever sent again: this says nothing of tokens"


def assert_ledgers_are_true(stage: Stage) -> None:
    """What Applications remember to own in the cloud is what there is, and nothing is in flight."""
    remembered = set()
    for raw in stage.items("applications"):
        status = Seen(raw).status
        assert status.in_flight == ()
        remembered |= {entry.id.rpartition("/")[2] for entry in status.resources if entry.type.startswith("aws")}
    assert remembered == {each.id for each in stage.aws.live_resources()}


def table(drill: Drill, wishes: int, verdict: Verdict) -> str:
    """What happened, in a few lines."""
    rows = {
        "Applications, changes asked for": f"{len(drill.lives)}, {wishes}",
        "kills, of which with calls in flight": f"{KILLS}, {drill.in_flight}",
        "things made, distinct marks": f"{len(verdict.made)}, {verdict.marks}",
        "creates that were sent again": verdict.repeated,
        "things destroyed": verdict.destroyed,
        "duplicates, orphans, missing, wrong deletes": ", ".join(
            str(len(found)) for found in (verdict.duplicates, verdict.orphans, verdict.missing, verdict.wrong_deletes)
        ),
    }
    return "\n".join(f"{name:46}{value}" for name, value in rows.items())
