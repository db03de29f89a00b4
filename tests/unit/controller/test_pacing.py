"""A Cell's gate keeps its budgets, lets people's work go first, and fails fast once nobody answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pilothouse.controller import pacing
from pilothouse.controller.pace import Pace
from pilothouse.controller.pacing import FAILURES_TO_GIVE_UP, Gate, GatedProvider
from pilothouse.dataplane.aws import codes
from pilothouse.dataplane.errors import Denied, NotNow, OutcomeUnknown, Postponed
from pilothouse.dataplane.types import Call

READ, CHANGE = Call("sqs", "GetQueueUrl"), Call("sqs", "CreateQueue")


class Calls:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def called(self, cell: str, service: str, operation: str, code: str, seconds: float) -> None:
        assert (cell, service) == ("c", "sqs")
        assert seconds >= 0
        self.codes.append(f"{operation} {code}")


class Scripted:
    """A provider that answers from a list, and counts what is under way at once."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.now = self.most = 0

    async def send(self, call: Call) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.005)
        self.now -= 1
        answer = self.answers.pop(0) if self.answers else call.operation
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        for number in range(3):
            yield f"{call.operation} {number}"


def gate(rate: float = 1000, changes: int = 32, meter: Calls | None = None) -> Gate:
    return Gate("c", meter or Calls(), rate, changes, str)


async def test_a_burst_passes_and_what_follows_keeps_the_rate() -> None:
    pace = Pace(10)
    began = time.monotonic()
    for _ in range(20):
        await pace.take()
    assert time.monotonic() - began < 1.0, "twice the rate is the burst"
    for _ in range(2):
        await pace.take()
    assert time.monotonic() - began >= 0.19, "two more at ten a second"


async def test_people_go_before_the_background_that_waits_already() -> None:
    pace, order = Pace(20), list[str]()
    for _ in range(40):
        await pace.take()

    async def queue_up(who: str, *, background: bool) -> None:
        await pace.take(background=background)
        order.append(who)

    waiting = [asyncio.create_task(queue_up("sweep", background=True)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(queue_up("person", background=False)) for _ in range(2)]
    await asyncio.gather(*waiting)
    assert order == ["person", "person", "sweep", "sweep"]


async def test_who_gives_up_waiting_takes_nobody_elses_turn() -> None:
    pace = Pace(2)
    for _ in range(4):
        await pace.take()
    quitter = asyncio.create_task(pace.take())
    await asyncio.sleep(0)
    quitter.cancel()
    began = time.monotonic()
    await pace.take()
    assert time.monotonic() - began < 0.9, "the turn after next would come after a second"


async def test_a_lower_rate_counts_from_the_moment_it_is_set() -> None:
    pace = Pace(1000)
    pace.limit(10)
    began = time.monotonic()
    for _ in range(22):
        await pace.take()
    assert time.monotonic() - began >= 0.19


async def test_no_more_changes_are_under_way_than_the_budget_allows_and_reads_do_not_count() -> None:
    provider = Scripted()
    gated = GatedProvider(gate(changes=2), provider)
    await asyncio.gather(*(gated.send(CHANGE) for _ in range(8)))
    assert provider.most == 2
    await asyncio.gather(*(gated.send(READ) for _ in range(8)))
    assert provider.most == 8


async def test_every_call_is_measured_by_what_came_of_it() -> None:
    meter = Calls()
    gated = GatedProvider(gate(meter=meter), Scripted("fine", Denied("no")))
    assert await gated.send(READ) == "fine"
    with pytest.raises(Denied):
        await gated.send(CHANGE)
    assert meter.codes == ["GetQueueUrl OK", "CreateQueue Denied"]


async def test_a_cell_that_does_not_answer_fails_at_once_until_somebody_reaches_it() -> None:
    silence = [OutcomeUnknown("timed out"), NotNow("refused"), OutcomeUnknown("timed out")]
    assert len(silence) == FAILURES_TO_GIVE_UP
    shared, provider = gate(), Scripted(*silence)
    gated, probe = GatedProvider(shared, provider), GatedProvider(shared, provider, background=True)
    for _ in silence:
        with pytest.raises((OutcomeUnknown, NotNow)):
            await gated.send(CHANGE)
    assert "Cell c does not answer" in shared.trouble
    with pytest.raises(NotNow, match="does not answer"):
        await gated.send(READ)
    assert provider.most == 1, "the call that failed at once was never sent"
    await probe.send(READ)
    assert not shared.trouble
    assert await gated.send(READ) == "GetQueueUrl"


async def test_a_refusal_is_an_answer() -> None:
    shared = gate()
    answers = [NotNow("x"), NotNow("x"), Denied("no"), NotNow("x"), NotNow("x")]
    gated = GatedProvider(shared, Scripted(*answers))
    for answer in answers:
        with pytest.raises(type(answer)):
            await gated.send(READ)
    assert not shared.trouble, "there were never three failures in a row"


async def test_who_says_that_it_is_too_early_has_answered() -> None:
    """Three queues made anew within a minute of their deletion must not make the Cell unreachable for everybody."""
    shared = gate()
    early = codes.meaning("QueueDeletedRecently", 400, reading=False)
    gated = GatedProvider(shared, Scripted(*(early("wait 60 seconds") for _ in range(FAILURES_TO_GIVE_UP))))
    for _ in range(FAILURES_TO_GIVE_UP):
        with pytest.raises(NotNow):
            await gated.send(CHANGE)
    assert not shared.trouble


async def test_pages_pass_the_gate_one_by_one() -> None:
    meter = Calls()
    pages = GatedProvider(gate(meter=meter), Scripted()).pages(Call("sqs", "ListQueues"))
    assert [page async for page in pages] == [f"ListQueues {number}" for number in range(3)]
    assert len(meter.codes) == 4, "three pages, and the end"


async def test_replies_are_told_before_the_caller_goes_on() -> None:
    told = list[Any]()
    gated = GatedProvider(gate(), Scripted("reply"), replied=lambda call, reply: told.append((call, reply)))
    await gated.send(CHANGE)
    assert told == [(CHANGE, "reply")]


class Quick:
    """A provider that answers at once."""

    async def send(self, call: Call) -> Any:
        return call.operation

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        yield call.operation


async def test_a_service_that_throttles_is_asked_at_half_the_pace() -> None:
    """Half of 100 a second: a burst of 100, and then 30 in not much less than 0.6 s, however slow this machine is."""
    shared = gate(rate=100)
    throttled = codes.meaning("RequestThrottled", 400, reading=True)
    with pytest.raises(NotNow):
        await GatedProvider(shared, Scripted(throttled("slow down"))).send(READ)
    began, slow = time.monotonic(), GatedProvider(shared, Quick())
    for _ in range(130):
        await slow.send(READ)
    assert time.monotonic() - began > 0.4


class Brake:
    """A fleet that can be suspended."""

    def __init__(self) -> None:
        self.why = ""

    def halted(self) -> str:
        return self.why


@pytest.mark.parametrize(("rate", "changes"), [(5, 32), (1000, 1)])
async def test_what_waits_in_line_is_not_sent_once_nothing_may_be_changed(rate: float, changes: int) -> None:
    brake, meter, inner = Brake(), Calls(), Scripted()
    line = Gate("c", meter, rate, changes, brake.halted)
    behind = GatedProvider(line, inner)
    waiting = [asyncio.create_task(behind.send(CHANGE)) for _ in range(12)]
    await asyncio.sleep(0.002)
    brake.why = "the fleet is suspended"
    assert await behind.send(READ) == "GetQueueUrl", "observing goes on"
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, NotNow)]
    assert len(refused) == 12 - min(2 * rate, changes)
    assert {str(one) for one in refused} == {"the fleet is suspended"}
    assert line.trouble == "", "that says nothing of the Cell"
    brake.why = ""
    assert await behind.send(CHANGE) == "CreateQueue"


@pytest.mark.parametrize(("rate", "changes"), [(1, 32), (1000, 2)])
async def test_a_change_that_gets_no_turn_in_time_is_not_sent_and_takes_nobody_elses_turn(
    monkeypatch: pytest.MonkeyPatch, rate: float, changes: int
) -> None:
    """Its intent would grow old in line: it is better looked at again, and the pass that waits for it goes on."""
    monkeypatch.setattr(pacing, "LONGEST_AT_GATE", 0.05)
    shared = gate(rate, changes)
    inner = Lasting()
    behind = GatedProvider(shared, inner)
    waiting = [asyncio.create_task(behind.send(CHANGE)) for _ in range(5)]
    await asyncio.sleep(0.2)
    assert [one.done() for one in waiting] == [False, False, True, True, True]
    for one in waiting[2:]:
        with pytest.raises(Postponed, match="too many wait for Cell c"):
            await one
    assert not shared.trouble, "that says nothing of the Cell"
    inner.over.set()
    assert await asyncio.gather(*waiting[:2]) == ["CreateQueue"] * 2
    monkeypatch.undo()
    assert await asyncio.gather(*(behind.send(CHANGE) for _ in range(3))) == ["CreateQueue"] * 3


class Lasting:
    """A provider that answers when told."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def send(self, call: Call) -> Any:
        await self.over.wait()
        return call.operation

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        yield call.operation


async def test_one_namespaces_many_changes_do_not_keep_anothers_first_one_waiting() -> None:
    """Neither in the line for a place among the changes under way, nor in that for the pace of the Cell."""
    shared, inner = gate(rate=100, changes=4), Ordered()
    crowd, other = (
        GatedProvider(shared, inner).on_behalf_of("crowd"),
        GatedProvider(shared, inner).on_behalf_of("other"),
    )
    many = [asyncio.create_task(crowd.send(Call("sqs", "CreateQueue"))) for _ in range(230)]
    await asyncio.sleep(0)
    await other.send(Call("sqs", "DeleteQueue"))
    assert inner.order.index("DeleteQueue") <= 10
    for task in many:
        task.cancel()
    await asyncio.gather(*many, return_exceptions=True)


class Ordered(Quick):
    """A provider that remembers the order of what it was asked, and takes a moment for it."""

    def __init__(self) -> None:
        self.order = list[str]()

    async def send(self, call: Call) -> Any:
        self.order.append(call.operation)
        await asyncio.sleep(0.001)
