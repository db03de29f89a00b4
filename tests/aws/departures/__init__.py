"""Where moto departs from AWS, each departure one small function that puts it right.

A departure stands around the call like middleware: it may refuse (raise `AwsError`), answer by itself (return a
result), or let moto answer (`proceed()`) and mend what moto did. Several for one operation nest in the order of their
definition, modules by name. Each has a test that passes here and fails on bare moto; a test of the tests makes sure of
that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules

from moto.core.exceptions import ServiceException

from tests.aws.wire import AwsError, Call, Reply, serialize
from tests.aws.world import World

Proceed = Callable[[], Reply]
Departure = Callable[[Call, World, Proceed], object]

_DEPARTURES: dict[str, list[Departure]] = defaultdict(list)


def departure(service: str, *operations: str) -> Callable[[Departure], Departure]:
    """Register a departure for operations of a service; `*` stands for all of them."""

    def register(function: Departure) -> Departure:
        for operation in operations:
            _DEPARTURES[f"{service}:{operation}"].append(function)
        return function

    return register


def load() -> None:
    """Import every module that registers departures."""
    for found in iter_modules(__path__):
        import_module(f"{__name__}.{found.name}")


def by_operation() -> Mapping[str, Sequence[Departure]]:
    """Every departure there is, by `service:operation`."""
    load()
    return _DEPARTURES


def all_departures() -> set[Departure]:
    """Every departure there is."""
    return {one for several in by_operation().values() for one in several}


def answer(call: Call, world: World, moto: Proceed) -> Reply:
    """Answer a call through every departure made for it, with moto innermost."""
    chain = [*_DEPARTURES.get(f"{call.service}:*", ()), *_DEPARTURES.get(call.name, ())]
    for one in reversed(chain):
        moto = _around(one, call, world, moto)
    return moto()


def _around(one: Departure, call: Call, world: World, inner: Proceed) -> Proceed:
    def proceed() -> Reply:
        try:
            result = one(call, world, inner)
        except ServiceException as error:  # from moto's backend, where a departure asks it directly
            raise AwsError(error.code, error.message) from None
        return result if isinstance(result, Reply) else serialize(call, result)

    return proceed
