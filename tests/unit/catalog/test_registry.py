"""What an Application may ask for, and what happens to a name that does not exist or is taken."""

import pytest

from pilothouse.catalog.registry import TYPES, TypeClashError, UnknownTypeError, registry, resource_type
from pilothouse.dataplane.aws.types.instance import Instance
from pilothouse.dataplane.aws.types.queue import Queue


def test_types_are_known_by_their_blocks_in_order() -> None:
    assert list(TYPES) == sorted(TYPES)
    assert isinstance(resource_type("awsQueue"), Queue)


def test_an_unknown_type_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownTypeError, match="type 'awsQeue' does not exist: use one of awsInstance, awsQueue"):
        resource_type("awsQeue", registry((Queue(), Instance())))


def test_two_types_cannot_share_a_block() -> None:
    class Twin(Queue):
        pass

    with pytest.raises(TypeClashError, match=r"Twin\.kind: 'awsQueue' is Queue's already: choose another"):
        registry((Queue(), Twin()))


def test_a_type_block_cannot_be_called_like_a_field_of_every_resource() -> None:
    class Greedy(Queue):
        kind = "dependsOn"

    with pytest.raises(TypeClashError, match=r"Greedy\.kind: 'dependsOn' is a field of every resource"):
        registry((Greedy(),))


def test_nobody_can_register_a_type_behind_the_catalogs_back() -> None:
    with pytest.raises(TypeError):
        TYPES["awsTopic"] = Queue()  # type: ignore[index]
