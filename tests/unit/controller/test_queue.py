"""The work queue keeps workqueue's promises; each test is named after the promise and fails if it is broken."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from pilothouse.applying.ports import NotLeader, Overtaken
from pilothouse.controller.ports import Requeue
from pilothouse.controller.queue import Backoff, Priority, Result, WorkQueue
from pilothouse.dataplane.errors import NotNow

FAST = Backoff(0.02, 0.08)
Process = Callable[[str], Awaitable[Requeue]]


class Counts:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.adds = self.retries = 0
        self.waits: list[float] = []
        self.results: list[Result] = []

    def added(self) -> None:
        self.adds += 1

    def started(self, waited: float) -> None:
        self.waits.append(waited)

    def finished(self, took: float, result: Result) -> None:
        assert took >= 0
        self.results.append(result)

    def retried(self) -> None:
        self.retries += 1


class Script:
    """A process that answers each key from a list (its last answer again and again) and remembers the order."""

    def __init__(self, **answers: list[Requeue | Exception]) -> None:
        self.answers, self.seen = answers, list[str]()
        self.times: list[float] = []

    async def __call__(self, key: str) -> Requeue:
        self.seen.append(key)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0)
        line = self.answers.get(key) or [Requeue()]
        answer = line.pop(0) if len(line) > 1 else line[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(frozen=True)
class Counting(Backoff):
    """A back-off that hardly waits, and remembers after how many failures in a row."""

    counted: list[int] = field(default_factory=list)

    def delay(self, failures: int) -> float:
        self.counted.append(failures)
        return 0.001


@asynccontextmanager
async def running(
    process: Process, meter: Counts | None = None, workers: int = 16, backoff: Backoff = FAST
) -> AsyncIterator[WorkQueue[str]]:
    queue = WorkQueue(process, meter or Counts(), workers=workers, backoff=backoff)
    task = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.wait([task])
        await queue.stop(0.0)


async def settled(queue: WorkQueue[str]) -> None:
    """Wait until nothing is in line or under way, timers aside."""
    for _ in range(200):
        await asyncio.sleep(0.001)
        if not queue.depth and not queue.active:
            return
    raise AssertionError("the queue did not come to rest")


async def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds` or a second has passed."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not come to pass")


async def test_a_key_added_many_times_is_processed_once() -> None:
    script, counts = Script(), Counts()
    queue = WorkQueue(script, counts, workers=1)
    for _ in range(5):
        queue.add("a")
    task = asyncio.create_task(queue.run())
    await settled(queue)
    task.cancel()
    assert script.seen == ["a"]
    assert counts.adds == 1


async def test_a_key_added_during_its_pass_is_processed_again_and_never_twice_at_once() -> None:
    gate, passes, overlapping = asyncio.Event(), 0, 0

    async def process(_key: str) -> Requeue:
        nonlocal passes, overlapping
        overlapping += 1
        assert overlapping == 1
        passes += 1
        await gate.wait()
        overlapping -= 1
        return Requeue()

    async with running(process) as queue:
        queue.add("a")
        await asyncio.sleep(0)
        for _ in range(3):
            queue.add("a")
        await asyncio.sleep(0.01)
        assert passes == 1
        gate.set()
        await settled(queue)
    assert passes == 2


async def test_no_more_passes_run_at_once_than_there_are_workers() -> None:
    most, now = 0, 0

    async def process(_key: str) -> Requeue:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        return Requeue()

    async with running(process, workers=3) as queue:
        for index in range(12):
            queue.add(str(index))
        await settled(queue)
    assert most == 3


async def test_what_a_person_changed_goes_before_background_work() -> None:
    script = Script()
    async with running(script, workers=1) as queue:
        for key in ("first", "b1", "b2"):
            queue.add(key, Priority.BACKGROUND)
        queue.add("u1")
        queue.add("u2")
        await settled(queue)
    assert script.seen.index("u1") < script.seen.index("b1")
    assert script.seen.index("u2") < script.seen.index("b2")


async def test_one_key_of_somebody_waits_for_one_of_another_and_not_for_all() -> None:
    script = Script()
    queue = WorkQueue(script, Counts(), whose=lambda key: key.partition("/")[0], workers=1)
    for number in range(100):
        queue.add(f"crowd/{number}")
        queue.add(f"crowd/later-{number}", Priority.BACKGROUND)
    queue.add("guest/only")
    queue.add("guest/later", Priority.BACKGROUND)
    task = asyncio.create_task(queue.run())
    await settled(queue)
    task.cancel()
    assert script.seen.index("guest/only") == 1
    background = [key for key in script.seen if "later" in key]
    assert background.index("guest/later") == 1
    assert len(script.seen) == 202


async def test_background_work_gets_its_turn_while_people_keep_coming() -> None:
    script = Script()
    async with running(script, workers=1) as queue:
        queue.add("u0")
        queue.add("slow", Priority.BACKGROUND)
        for index in range(1, 20):
            queue.add(f"u{index}")
        await settled(queue)
    assert script.seen.index("slow") < 6


async def test_a_background_key_that_a_person_changes_moves_up() -> None:
    script, counts = Script(), Counts()
    async with running(script, counts, workers=1) as queue:
        queue.add("now")
        queue.add("other", Priority.BACKGROUND)
        queue.add("mine", Priority.BACKGROUND)
        queue.add("mine")
        await settled(queue)
    assert script.seen == ["now", "mine", "other"]
    assert counts.adds == 3


async def test_failures_in_a_row_wait_longer_each_time_up_to_the_cap_and_success_starts_anew() -> None:
    failed = Requeue(failed=True)
    script, counts = Script(a=[failed, failed, failed, failed, Requeue()]), Counts()
    async with running(script, counts) as queue:
        queue.add("a")
        await until(lambda: len(script.seen) == 5)
    gaps = [later - earlier for earlier, later in pairwise(script.times)]
    assert all(gap >= least for gap, least in zip(gaps, [0.02, 0.04, 0.08, 0.08], strict=True))
    assert max(gaps) < 1, "without its cap the back-off would not end here, but it would be slow"
    assert counts.retries == 4
    assert counts.results == ["requeue"] * 4 + ["success"]


async def test_a_pass_that_a_person_asked_for_forgets_the_failures_before_it() -> None:
    """Else what was mended would wait as long as what fails for ever."""
    failed, asked = Requeue(failed=True), Requeue(failed=True, afresh=True)
    script, counting = Script(a=[failed, failed, failed, asked, failed, Requeue()]), Counting()
    async with running(script, backoff=counting) as queue:
        queue.add("a")
        await until(lambda: len(script.seen) == 6)
    assert counting.counted == [1, 2, 3, 1, 2]


async def test_an_exception_is_logged_and_backed_off_and_other_keys_are_not_touched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script, counts = Script(bad=[ValueError("broken"), Requeue()]), Counts()
    async with running(script, counts) as queue:
        queue.add("bad")
        queue.add("good")
        await until(lambda: len(script.seen) == 3)
    assert script.seen == ["bad", "good", "bad"]
    assert "error" in counts.results
    assert "broken" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_pass_that_was_overtaken_is_taken_again_at_once_and_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script(a=[Overtaken("409"), Requeue()])
    async with running(script) as queue:
        queue.add("a")
        await until(lambda: len(script.seen) == 2)
    assert script.seen == ["a", "a"]
    assert not caplog.records


async def test_lost_leadership_ends_the_queue_with_that_error() -> None:
    script = Script(a=[NotLeader("the Lease is another's")])
    queue = WorkQueue[str](script, Counts())
    queue.add("a")
    with pytest.raises(NotLeader):
        await asyncio.wait_for(queue.run(), 1)


async def test_a_pass_that_asks_for_later_comes_later_and_one_for_now_comes_now() -> None:
    script, counts = Script(a=[Requeue(after=0.0), Requeue(after=0.05), Requeue()]), Counts()
    async with running(script, counts) as queue:
        queue.add("a")
        await until(lambda: len(script.seen) == 3)
        await settled(queue)
    assert script.times[1] - script.times[0] < script.times[2] - script.times[1]
    assert counts.results == ["requeue", "requeue_after", "success"]


async def test_the_sooner_of_two_delays_counts_and_a_pass_answers_for_both() -> None:
    script = Script()
    async with running(script) as queue:
        queue.add_after("a", 0.2)
        queue.add_after("a", 0.1)
        queue.add_after("a", 0.3)
        await asyncio.sleep(0.6)
    assert script.seen == ["a"]


async def test_stopping_lets_passes_end_and_takes_up_nothing_more() -> None:
    ended = list[str]()

    async def process(key: str) -> Requeue:
        await asyncio.sleep(0.05)
        ended.append(key)
        return Requeue(after=0.0)

    async with running(process, workers=1) as queue:
        queue.add("under way")
        queue.add("in line")
        await asyncio.sleep(0.01)
        longest = queue.longest()
        assert 0 < longest <= queue.unfinished()
        await queue.stop(1.0)
        queue.add("too late")
        queue.add_after("too late", 0.001)
        await asyncio.sleep(0.07)
    assert ended == ["under way"]


async def test_stopping_cancels_a_pass_that_outlasts_its_grace() -> None:
    cancelled = False

    async def process(_key: str) -> Requeue:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled = True
            raise
        return Requeue()

    async with running(process) as queue:
        queue.add("hangs")
        await asyncio.sleep(0.01)
        await queue.stop(0.02)
    assert cancelled


async def test_a_forgotten_key_does_not_come_back_by_its_timer() -> None:
    script = Script(a=[Requeue(after=1.0)])
    async with running(script) as queue:
        queue.add("a")
        await settled(queue)
        queue.forget("a")
        await asyncio.sleep(1.2)
    assert script.seen == ["a"]


async def test_a_pass_that_hangs_gives_its_place_to_the_next_key() -> None:
    done = list[str]()

    async def process(key: str) -> Requeue:
        await asyncio.sleep(60 if key == "hangs" else 0)
        done.append(key)
        return Requeue()

    queue = WorkQueue(process, Counts(), workers=1, patience=0.5)
    task = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    queue.add("hangs")
    queue.add("waits")
    await asyncio.sleep(0.005)
    assert done == [], "before its patience is over, the pass holds its place"
    await until(lambda: done == ["waits"])
    task.cancel()
    await queue.stop(0.0)


async def test_passes_that_hang_are_bounded_all_the_same() -> None:
    begun = 0

    async def process(_key: str) -> Requeue:
        nonlocal begun
        begun += 1
        await asyncio.sleep(60)
        return Requeue()

    queue = WorkQueue(process, Counts(), workers=2, patience=0.001)
    task = asyncio.create_task(queue.run())
    for index in range(50):
        queue.add(str(index))
    await until(lambda: begun == 8)
    await asyncio.sleep(0.1)
    assert begun == 8
    task.cancel()
    await queue.stop(0.0)


async def test_an_answer_of_the_world_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(a=[NotNow("the API server is starting"), Requeue()])
    async with running(script) as queue:
        queue.add("a")
        await until(lambda: len(script.seen) == 2)
    assert "the API server is starting" in caplog.text
    assert "Traceback" not in caplog.text


async def test_what_concerns_everybody_is_no_burst() -> None:
    script = Script()
    async with running(script) as queue:
        queue.add_in_turn(["a", "b", "c"], per_second=20.0)
        queue.add("c")
        await asyncio.sleep(0.25)
    assert script.seen == ["a", "c", "b"], "what a person changes comes at once, and is not looked at twice"
    assert script.times[2] - script.times[0] >= 0.04
