"""Replicas that go to another Cell are made there before they go here: nobody sees fewer of them at any time."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.e2e import manifests
from tests.e2e.seen import Object
from tests.e2e.stage import Stage
from tests.e2e.watching import repeatedly

REPLICAS = 3
LOOK_SECONDS = 0.05


@contextmanager
def least_ready(stage: Stage) -> Iterator[list[int]]:
    """Count the Ready replicas of all Deployments again and again; the list holds the fewest and the most seen."""
    seen = [REPLICAS, REPLICAS]

    with closing(stage.cluster.api()) as api:
        own = Stage(stage.cluster, stage.aws, stage.operator, api, stage.namespace)

        def look() -> None:
            count = sum(each.get("status", {}).get("readyReplicas", 0) for each in own.items("deployments"))
            seen[:] = [min(seen[0], count), max(seen[1], count)]

        with repeatedly(look, LOOK_SECONDS):
            yield seen


def web(zone: str) -> list[Object]:
    """The workload, in the Cell of one zone."""
    placement = {"cellSelector": {"matchLabels": {"zone": zone}}}
    return [manifests.web(replicas=REPLICAS, placement=placement)]


def test_who_may_not_stay_goes_once_others_have_taken_its_place(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=web("zone-a")))
    stage.ready()
    with least_ready(stage) as seen:
        stage.spec("checkout", workloads=web("zone-b"))
        moved = stage.until("it has moved", lambda: [move for move in stage.seen().status.moves if move.ended_at])
        stage.ready()
    assert [(move.source, move.destination, move.replicas) for move in moved] == [("eu-1-a", "eu-1-b", REPLICAS)]
    assert [each.cell for each in stage.seen().status.placements] == ["eu-1-b"]
    assert len(stage.items("deployments")) == 1
    assert seen == [REPLICAS, 2 * REPLICAS], "fewest and most that were Ready at a time"


def test_an_operator_that_dies_on_the_way_takes_nothing_away_too_early(stage: Stage) -> None:
    stage.apply(manifests.application(workloads=web("zone-a")))
    stage.ready()
    with least_ready(stage) as seen:
        stage.spec("checkout", workloads=web("zone-c"))
        stage.until("it has begun", lambda: stage.seen().status.moves)
        stage.operator.kill()
        stage.operator.start()
        stage.until("it has moved", lambda: all(move.ended_at for move in stage.seen().status.moves))
        stage.ready()
    assert [each.cell for each in stage.seen().status.placements] == ["eu-1-c"]
    assert seen[0] == REPLICAS
