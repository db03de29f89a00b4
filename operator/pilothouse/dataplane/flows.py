"""Drive a `Flow`: the types say what to ask, this asks it. The only place where generators meet the network."""

from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.dataplane.errors import DataplaneError, Invalid, Unreadable
from pilothouse.dataplane.types import Call, Flow, T
from pilothouse.dataplane.understood import answer_to, reason


async def run(flow: Flow[T], send: Callable[[Call], Awaitable[Any]]) -> T:
    """Answer every call that `flow` yields through `send` and return what it found.

    A `DataplaneError` from `send` is thrown into the flow, which may handle it; else it comes out here. So does
    Unreadable where the flow can make nothing of an answer, and Invalid where it cannot ask for what it is to find.
    """
    call: Call | None = None
    reply: Any = None
    error: DataplaneError | None = None
    while True:
        try:
            following = flow.send(reply) if error is None else flow.throw(error)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except DataplaneError:
            raise
        except Exception as caught:  # noqa: BLE001 - whatever it is, it came of the answer
            wrong = _unread(call, caught)
        else:
            call, reply, error = following, None, None
            try:
                reply = await send(following)
            except DataplaneError as caught:
                error = caught
            continue
        # Outside the handler: what was raised may repeat secrets, and a traceback would show it.
        raise wrong


def _unread(call: Call | None, caught: Exception) -> DataplaneError:
    if call is None:
        return Invalid(f"it cannot be asked for: {caught}")
    return Unreadable(answer_to(call)(reason(caught)))
