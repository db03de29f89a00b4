"""The canary tells a dead watch from a slow answer and from a quiet world."""

import asyncio

import pytest

from pilothouse.runtime.canary import Canary, missing_tasks


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [1000.0]
    monkeypatch.setattr("pilothouse.runtime.canary.time.monotonic", lambda: clock[0])
    return clock


def test_a_stamp_that_does_not_come_back_is_a_dead_watch(now: list[float]) -> None:
    watch = Canary(patience=60)
    watch.sent("Cell", 7)
    now[0] += 59
    assert not watch.problem()
    now[0] += 2
    assert "version 7 of a Cell" in watch.problem()
    watch.heard("Cell", 7)
    assert not watch.problem()


def test_a_watch_that_was_faster_than_the_answer_owes_nothing(now: list[float]) -> None:
    watch = Canary(patience=60)
    watch.heard("Application", 9)
    watch.sent("Application", 8)
    now[0] += 100
    assert not watch.problem()


def test_a_later_version_of_another_object_proves_as_much(now: list[float]) -> None:
    watch = Canary(patience=60)
    watch.sent("Application", 8)
    watch.heard("Application", 12)
    now[0] += 100
    assert not watch.problem()


def test_many_stamps_do_not_renew_the_patience(now: list[float]) -> None:
    watch = Canary(patience=60)
    for version in range(5, 20):
        watch.sent("Application", version)
        now[0] += 5
    assert watch.problem()


def test_one_kind_does_not_speak_for_another(now: list[float]) -> None:
    watch = Canary(patience=60)
    watch.sent("Cell", 7)
    watch.heard("Application", 99)
    now[0] += 61
    assert watch.problem()


async def test_a_task_that_has_ended_is_missing() -> None:
    task = asyncio.create_task(asyncio.sleep(60), name="watcher for cells.v1 cluster-wide")
    assert missing_tasks(["watcher for cells.v1", "watcher for plans.v1"]) == ["watcher for plans.v1"]
    task.cancel()
    await asyncio.wait([task])
    assert missing_tasks(["watcher for cells.v1"]) == ["watcher for cells.v1"]
