"""Kopf's watches are counted: one that has ended is told, for Kopf does not start it again."""

import asyncio
from typing import Any

import kopf
import pytest

from pilothouse.runtime.shell import NO_FINALIZER, WATCHES, Shell, settings


async def nobody() -> Any:
    raise AssertionError("nobody logs in here")


@pytest.fixture
async def shell() -> Shell:
    return Shell(nobody, lambda *_: None)


async def test_a_watch_that_has_ended_is_a_problem_and_one_that_has_not_begun_is_none(shell: Shell) -> None:
    before = shell.watching
    assert (before, shell.problem()) == (False, "")
    tasks = [asyncio.create_task(asyncio.sleep(60), name=f"{name} cluster-wide") for name in WATCHES]
    assert shell.watching
    assert not shell.problem()
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    assert shell.problem() == f"ended: {WATCHES[0]}"
    for task in tasks:
        task.cancel()


def test_kopf_is_told_to_write_nothing() -> None:
    chosen = settings()
    body, patch = kopf.Body({"metadata": {}}), kopf.Patch()
    chosen.persistence.diffbase_storage.store(body=body, patch=patch, essence=kopf.BodyEssence({}))
    chosen.persistence.progress_storage.touch(body=body, patch=patch, value="now")
    assert not patch
    assert not chosen.posting.enabled
    assert chosen.persistence.finalizer == NO_FINALIZER != "pilothouse.dev/cleanup"


def test_failures_of_the_api_server_are_met_with_patience_that_never_ends() -> None:
    delays = iter(settings().networking.error_backoffs)  # type: ignore[arg-type]
    first = [next(delays) for _ in range(50)]
    assert 0.75 <= first[0] <= 1.25
    assert all(delay <= 37.5 for delay in first)
    assert next(iter(settings().networking.error_backoffs)) <= 1.25, "each round begins anew"  # type: ignore[arg-type]
