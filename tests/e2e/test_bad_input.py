"""Bad input: refused at once where a schema can tell, else told with field and mend; nobody else notices."""

import pytest

from tests.e2e import manifests
from tests.e2e.bad_inputs import REFUSED, STALLED
from tests.e2e.stage import Stage


def goes_on(neighbour: Stage) -> None:
    """Let the neighbour's Application become Ready."""
    neighbour.apply(manifests.application(workloads=[manifests.at_rest()], resources=[manifests.queue()]))
    neighbour.ready()


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_at_apply(stage: Stage, name: str) -> None:
    case = REFUSED[name]
    told = stage.refused(case.bad, *case.flags)
    for part in case.told:
        assert part in told
    assert stage.items("applications") == []
    stage.apply(case.mended)
    stage.ready()


@pytest.mark.parametrize("name", STALLED)
def test_it_is_told_and_mended_while_others_go_on(stage: Stage, neighbour: Stage, name: str) -> None:
    case = STALLED[name]
    try:
        case.before(stage)
        stage.apply(manifests.application(**case.spec))
        stage.stalled(case.reason, *case.told)
        goes_on(neighbour)
        case.mend(stage)
        stage.ready()
    finally:
        case.after(stage)
