"""The type that docs/architecture.md shows as an example is whole: it does everything that a type is asked to do."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from pilothouse.catalog import pages
from pilothouse.catalog.registry import registry
from pilothouse.dataplane.types import Mark, ResourceType
from tests.aws.server import AwsServer
from tests.contract.aws.conftest import connected
from tests.contract.aws.example import Example
from tests.contract.aws.flight import OWNER, Flight
from tests.docs.reading import DOCS, blocks

PLACE: dict[str, Any] = {"availabilityZone": "eu-west-1a", "size": 8}


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> ResourceType[Any]:
    """The type, from the page."""
    (source,) = blocks(DOCS / "architecture.md", "python")
    module = ModuleType("volume")
    monkeypatch.setitem(sys.modules, "volume", module)
    exec(compile(source, "docs/architecture.md", "exec"), module.__dict__)  # noqa: S102 - the page is ours
    kind: ResourceType[Any] = module.Volume()
    return kind


@pytest.fixture
def flight(volume: ResourceType[Any], aws: AwsServer) -> Iterator[Flight]:
    """The type and an empty AWS."""
    provider = connected(aws)
    minimal = Example(volume, PLACE, {}, {}, {})
    yield Flight(minimal, provider, {})
    provider.close()


async def test_it_lives_a_whole_life(flight: Flight) -> None:
    want = flight.want()
    made = await flight.create(want)
    assert flight.example.type.created(await flight.provider.send(flight.example.type.create(want))) == made.id, (
        "a create that is repeated with its token gets the first one again"
    )
    assert await flight.find(want) == (made,)
    assert [line.reading for line in await flight.list()] == [made]
    assert made.mark == want.mark

    grown = await flight.settle(made.id, flight.want({"size": 9}))
    assert grown.spec is not None
    assert grown.id == made.id

    other = replace(want, mark=Mark(OWNER, want.mark.resource, "uid-2"))
    for call in flight.example.type.adopt(grown, other):
        await flight.provider.send(call)
    assert (await flight.read(made.id)).mark == other.mark

    await flight.delete(await flight.read(made.id))
    assert await flight.look(made.id) is None


def test_it_is_told_apart_in_schema_and_pages_like_any_other_type(volume: ResourceType[Any]) -> None:
    page = pages.files(registry((volume,)))["reference/types.md"]
    assert volume.immutable("availabilityZone")
    assert "- Deletion policy: Retain" in page
    assert '"Size": "<size>"' in page
