"""Drive a `Flow`: the types say what to ask, this asks it. The only place where generators meet the network."""

from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.types import Call, Flow, T


async def run(flow: Flow[T], send: Callable[[Call], Awaitable[Any]]) -> T:
    """Answer every call that `flow` yields through `send` and return what it found.

    A `DataplaneError` from `send` is thrown into the flow, which may handle it; else it comes out here.
    """
    reply: Any = None
    error: DataplaneError | None = None
    while True:
        try:
            call = flow.send(reply) if error is None else flow.throw(error)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        reply, error = None, None
        try:
            reply = await send(call)
        except DataplaneError as caught:
            error = caught
