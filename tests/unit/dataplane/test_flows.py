"""A flow asks, is answered or refused, and returns what it found."""

from typing import Any

import pytest

from pilothouse.dataplane.errors import DataplaneError, Invalid, NotFound, Unreadable
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject
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


async def test_an_answer_that_makes_no_sense_is_told_without_a_word_of_it() -> None:
    """Whatever a provider sends, one thing is not known then, and what it sent may be a secret."""

    def flow() -> Flow[Any]:
        reply = yield GET
        return int(reply["Count"])

    for reply in ({}, {"Count": "s3cr3t"}, None, ["s3cr3t"]):
        with pytest.raises(Unreadable, match="Get: the answer makes no sense") as caught:
            await answered(flow(), Get=reply)
        assert "s3cr3t" not in str(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None), "a traceback would show it"


async def test_what_cannot_even_be_asked_for_is_told() -> None:
    """People write identifiers, and nobody checked them before."""
    with pytest.raises(Invalid, match="it cannot be asked for: 'nonsense' names no Kubernetes object"):
        await answered(KubernetesObject("Deployment").read("nonsense"))
