"""Leadership on a real Lease: one leader, a higher epoch each time, and an end before another can begin."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pilothouse.applying.ports import NotLeader
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.runtime import leader
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.leader import LeaseLeadership
from tests.cluster import RunningCluster
from tests.integration.kubernetes.waiting import until
from tests.integration.runtime.relay import Relay

Make = Callable[[str], LeaseLeadership]


@pytest.fixture
def make(api: KubernetesProvider, home: str) -> Make:
    return lambda identity: LeaseLeadership(api, home, Canary(), identity)


@pytest.fixture
def lease(home: str) -> ObjectID:
    return ObjectID(leader.API_VERSION, "Lease", home, leader.LEASE)


async def soon(work: Any, seconds: float = 20.0) -> None:
    await asyncio.wait_for(work, seconds)


async def test_nobody_leads_before_the_lease_is_held(make: Make) -> None:
    with pytest.raises(NotLeader, match="a no longer holds Lease"):
        make("a").check()


async def test_a_second_process_waits_and_takes_over_when_the_lease_is_given_back(make: Make) -> None:
    first, second = make("a"), make("b")
    await soon(first.acquire())
    waiting = asyncio.create_task(second.acquire())
    await asyncio.sleep(1.5)
    assert not waiting.done()
    first.check()
    await first.release()
    with pytest.raises(NotLeader):
        first.check()
    await soon(waiting)
    second.check()
    assert (first.epoch, second.epoch) == (1, 2), "what the first one sent can be told from what the second one sends"


async def test_a_container_started_again_in_its_pod_need_not_wait_for_its_own_lease(make: Make) -> None:
    dead, again = make("pod-0"), make("pod-0")
    await soon(dead.acquire())
    await soon(again.acquire())
    assert again.epoch == dead.epoch + 1


async def test_a_lease_that_is_not_renewed_is_free_after_its_duration_and_not_before(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "DURATION_SECONDS", 3)
    first, second = make("a"), make("b")
    await soon(first.acquire())
    began = time.monotonic()
    await soon(second.acquire())
    assert time.monotonic() - began >= 3


async def test_the_holder_renews_and_the_time_it_leads_moves_on(
    make: Make, api: KubernetesProvider, lease: ObjectID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEW_SECONDS", 0.2)
    first = make("a")
    await soon(first.acquire())
    before = (await api.get(lease))["spec"]["renewTime"]
    holding = asyncio.create_task(first.hold())

    async def renewed() -> bool:
        return bool((await api.get(lease))["spec"]["renewTime"] > before)

    await until(renewed)
    holding.cancel()


async def test_a_lease_that_another_took_ends_the_leadership_at_the_next_renewal(
    make: Make, api: KubernetesProvider, lease: ObjectID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEW_SECONDS", 0.2)
    first = make("a")
    await soon(first.acquire())
    holding = asyncio.create_task(first.hold())
    await api.patch(lease, {"spec": {"holderIdentity": "thief", "leaseTransitions": 9}})
    with pytest.raises(NotLeader):
        await soon(holding)


async def test_a_renewal_whose_answer_was_lost_is_recognised_as_our_own(
    make: Make, api: KubernetesProvider, lease: ObjectID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEW_SECONDS", 0.2)
    first = make("a")
    await soon(first.acquire())
    await api.patch(lease, {"metadata": {"annotations": {"moved": "the version"}}})
    holding = asyncio.create_task(first.hold())
    await asyncio.sleep(0.6)
    first.check()
    assert not holding.done()
    holding.cancel()


async def test_a_lease_is_given_back_although_the_answer_to_a_renewal_was_lost(
    make: Make, api: KubernetesProvider, lease: ObjectID
) -> None:
    first, second = make("a"), make("b")
    await soon(first.acquire())
    await api.patch(lease, {"metadata": {"annotations": {"moved": "the version"}}})
    await first.release()
    assert not first.leading
    await soon(second.acquire())


async def test_a_lease_that_another_took_is_not_given_back(
    make: Make, api: KubernetesProvider, lease: ObjectID
) -> None:
    first = make("a")
    await soon(first.acquire())
    await api.patch(lease, {"spec": {"holderIdentity": "b", "leaseTransitions": 2}})
    await first.release()
    assert (await api.get(lease))["spec"]["holderIdentity"] == "b"


@pytest.fixture
async def relayed(
    kinds: RunningCluster, home: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[LeaseLeadership, Relay]]:
    monkeypatch.setattr(leader, "DURATION_SECONDS", 4)
    monkeypatch.setattr(leader, "CALL_SECONDS", 1.0)
    monkeypatch.setattr(leader, "RENEW_SECONDS", 1.0)
    async with Relay.to(kinds) as relay:
        api = await KubernetesProvider.connect("lease", relay.kubeconfig, request_seconds=0.8)
        async with api:
            yield LeaseLeadership(api, home, Canary(), "a"), relay


@pytest.mark.parametrize("failure", ["hangs", "refuses"])
async def test_an_api_server_that_is_out_of_reach_ends_the_leadership_before_the_lease_expires(
    relayed: tuple[LeaseLeadership, Relay], failure: str
) -> None:
    leadership, relay = relayed
    await soon(leadership.acquire())
    began = time.monotonic()
    await (relay.hang() if failure == "hangs" else relay.refuse())
    with pytest.raises(NotLeader):
        await soon(leadership.hold())
    assert time.monotonic() - began < 4, "the next leader can begin after 4 seconds, this one must be gone by then"


async def test_a_hiccup_is_survived(relayed: tuple[LeaseLeadership, Relay]) -> None:
    leadership, relay = relayed
    await soon(leadership.acquire())
    holding = asyncio.create_task(leadership.hold())
    await asyncio.sleep(0.8)
    await relay.hang()
    await asyncio.sleep(0.8)
    await relay.pass_on()
    await asyncio.sleep(3)
    leadership.check()
    assert not holding.done()
    holding.cancel()
