"""A flow asks, is answered or refused, and returns what it found."""

from typing import Any

import pytest

from pilothouse.dataplane.errors import DataplaneError, Invalid, NotFound
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Call, Flow

GET, LIST = Call("double", "Get"), Call("double", "List")


async def answered(flow: Flow[Any], **answers: object) -> tuple[Any, list[str]]:
    """Run `flow` against answers by operation; an error is raised. Returns its result and what it asked."""
    asked: list[str] = []

    async def send(call: Call) -> object:
        asked.append(call.operation)
        answer = answers[call.operation]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return await run(flow, send), asked


async def test_a_flow_that_asks_nothing_sends_nothing() -> None:
    def flow() -> Flow[str]:
        yield from ()
        return "known"

    assert await answered(flow()) == ("known", [])


async def test_each_reply_reaches_the_call_that_asked_for_it() -> None:
    def flow() -> Flow[tuple[Any, Any]]:
        first = yield LIST
        return first, (yield GET)

    assert await answered(flow(), List=["a"], Get="b") == ((["a"], "b"), ["List", "Get"])


async def test_a_flow_may_handle_a_refusal_and_go_on() -> None:
    def flow() -> Flow[Any]:
        try:
            yield GET
        except NotFound:
            return (yield LIST)

    assert await answered(flow(), Get=NotFound("no"), List=[]) == ([], ["Get", "List"])


@pytest.mark.parametrize("error", [NotFound("no"), Invalid("wrong")])
async def test_a_refusal_that_a_flow_does_not_handle_comes_out(error: DataplaneError) -> None:
    def flow() -> Flow[Any]:
        return (yield GET)

    with pytest.raises(type(error), match=str(error)):
        await answered(flow(), Get=error)


async def test_an_error_of_our_own_is_not_handed_to_the_flow() -> None:
    """A flow that took a bug for the provider's word would conclude that something is not there."""

    def flow() -> Flow[Any]:
        try:
            return (yield GET)
        except DataplaneError:
            return None

    with pytest.raises(KeyError):
        await answered(flow())
