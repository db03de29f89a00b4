"""A Cell is open to a namespace exactly as far as spec.allow says."""

from typing import NamedTuple

import pytest

from pilothouse.api.cell import Allow
from pilothouse.desired.cells import CellView, Taint


class Case(NamedTuple):
    allowed: tuple[Allow, ...]
    allows: bool
    adopts: bool
    reason: str


CASES = {
    "nothing listed": Case((), allows=False, adopts=False, reason="a Cell is nobody's until somebody says otherwise"),
    "every type": Case(
        (Allow(),), allows=True, adopts=False, reason="adoption takes over what others made: never implied"
    ),
    "another type": Case(
        (Allow(types=("awsInstance",)),), allows=False, adopts=False, reason="types are a closed list"
    ),
    "by name": Case((Allow(types=("awsQueue",)),), allows=True, adopts=False, reason="a type may be given by name"),
    "adoption": Case((Allow(adopt=True),), allows=True, adopts=True, reason="adopt: true gives adoption of its types"),
    "adoption of another type": Case(
        (Allow(types=("awsQueue",)), Allow(types=("awsInstance",), adopt=True)),
        allows=True,
        adopts=False,
        reason="one entry's adopt must not widen another entry's types",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_allow_is_read_entry_by_entry(case: Case) -> None:
    cell = CellView("aws", "aws", allowed=case.allowed)
    assert (cell.allows("awsQueue"), cell.allows_adoption("awsQueue")) == (case.allows, case.adopts), case.reason


def test_a_cell_without_failure_domain_or_cluster_is_its_own() -> None:
    alone = CellView("eu-1-a", "kubernetes")
    assert (alone.failure_domain, alone.cluster) == ("eu-1-a", "eu-1-a")
    shared = CellView("eu-1-a", "kubernetes", failure_domain="eu-west-1a", cluster="eu-1")
    assert (shared.failure_domain, shared.cluster) == ("eu-west-1a", "eu-1")


def test_a_taint_is_spelled_as_kubectl_spells_it() -> None:
    assert [str(Taint("gpu", "yes")), str(Taint("gone", effect="NoExecute"))] == [
        "gpu=yes:NoSchedule",
        "gone:NoExecute",
    ]
