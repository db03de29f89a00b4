"""What is stored under released versions is taken by an API server that has the present kinds, rules in CEL and all."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster import RunningCluster
from tests.e2e.seen import Object
from tests.golden.state import RELEASED, State, releases

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def place(kinds: RunningCluster) -> Iterator[str]:
    """A namespace of its own."""
    kinds.kubectl("create", "namespace", "golden")
    yield "golden"
    kinds.kubectl("delete", "namespace", "golden", "--wait=false")


@pytest.mark.parametrize("version", tuple(releases()))
def test_every_object_is_still_accepted(kinds: RunningCluster, place: str, version: str) -> None:
    items = [_anew(raw, place) for raw in State.read(RELEASED / version).kinds]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    kinds.kubectl("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=listed)


def _anew(raw: Object, place: str) -> Object:
    """Return it as it would be created, in a namespace that exists."""
    metadata = {"name": raw["metadata"]["name"]} | ({"namespace": place} if "namespace" in raw["metadata"] else {})
    return {**raw, "metadata": metadata}
