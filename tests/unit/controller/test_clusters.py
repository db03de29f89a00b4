"""What a watch shows is set against what our own calls were answered, whichever came first."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from pilothouse.controller.clusters import Cluster
from pilothouse.controller.observing import Listing
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import Denied, Invalid, NotNow
from pilothouse.dataplane.kubernetes.client import Event, EventType, Page
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.dataplane.types import Call, HealthState, Mark, Owner, TargetKey
from pilothouse.observed.snapshot import Tidings

KEY, ID = TargetKey("eu-1", "ConfigMap", "settings"), "v1/ConfigMap/shop/settings"
MARK = Mark(Owner("cp", "shop", "checkout"), "settings", "uid-1")
WOMBAT = TargetKey("eu-1", "Wombat", "w"), "shop", "zoo/v1/Wombat/shop/w"
APPLY = Call("kubernetes", "apply", {})


def config_map(version: int, data: str = "a") -> dict[str, Any]:
    fields = {"f:data": {"f:key": dict[str, str]()}}
    metadata: dict[str, Any] = {
        "name": "settings",
        "namespace": "shop",
        "uid": "u",
        "resourceVersion": str(version),
        "labels": marks.labels(MARK),
        "annotations": marks.annotations(MARK),
    }
    metadata["managedFields"] = [{"manager": "pilothouse", "operation": "Apply", "fieldsV1": fields}]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": data}}


class Api:
    """An API server that has nothing at first and then tells what the test puts into `queues`, one for each kind."""

    def __init__(self) -> None:
        self.queues: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self.events = self.queues["ConfigMap"]
        self.unknown = self.forbidden = ""

    async def list_pages(self, selection: Selection) -> AsyncGenerator[Page, None]:
        assert marks.CONTROL_PLANE in selection.label_selector or selection.kind in {"Node", "Pod"}
        if selection.kind == self.unknown:
            raise Invalid("the cluster knows no kind Wombat")
        if selection.kind == self.forbidden:
            raise Denied("list zoo/v1 Wombat: forbidden")
        yield Page([], "1")

    async def watch(self, selection: Selection, *_: object) -> AsyncGenerator[Event, None]:
        while True:
            told = await self.queues[selection.kind].get()
            if isinstance(told, Exception):
                raise told
            yield told

    async def close(self) -> None:
        pass


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def cluster(api: Api, told: list[Key]) -> AsyncIterator[Cluster]:
    of_watches: Any = api  # of a cluster, only what watches need
    found = Cluster(of_watches, "cp", told.append)
    async with asyncio.timeout(5):
        await found._informers.wait_synced()
        assert found.synced
    yield found
    await found.close()


async def shown(api: Api, *events: tuple[EventType, dict[str, Any]]) -> None:
    for kind, body in events:
        api.events.put_nowait(Event(kind, body))
    for _ in range(10):
        await asyncio.sleep(0)


def listing(cluster: Cluster) -> Listing:
    return cluster.listing(KEY, "shop", ID)


async def test_an_older_state_that_comes_after_our_write_is_no_evidence(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(10)))
    cluster.replied(APPLY, config_map(12, "ours"))
    await shown(api, ("MODIFIED", config_map(11)))
    assert listing(cluster) == Listing(), "version 11 was there before our 12: to plan from it would undo and redo"
    await shown(api, ("MODIFIED", config_map(12, "ours")))
    assert listing(cluster).lines


async def test_a_newer_state_that_came_before_our_answer_is_the_newest(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(12)), ("MODIFIED", config_map(13, "theirs")))
    cluster.replied(APPLY, config_map(12))
    looked_at = time.time()
    assert listing(cluster).at >= looked_at, "else the look of version 12 would count for ever"


async def test_what_runs_a_workload_is_found_by_its_owner(cluster: Cluster, api: Api) -> None:
    running = config_map(10)
    running["metadata"]["labels"] |= {"pilothouse.dev/workload": "web", "pilothouse.dev/cell": "eu-1"}
    await shown(api, ("ADDED", running))
    assert [(one.workload, one.cell) for one in cluster.placed(MARK.owner)] == [("web", "eu-1")]
    assert not list(cluster.placed(Owner("cp", "shop", "other")))
    await shown(api, ("DELETED", running))
    assert not list(cluster.placed(MARK.owner))


async def test_what_is_ours_in_a_cluster_is_shown_with_its_mark(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(10)))
    assert [(kind, line.id, line.mark) for kind, line in cluster.marked()] == [("ConfigMap", ID, MARK)]


async def test_a_change_of_our_things_is_told_and_an_echo_that_changes_nothing_is_not(
    cluster: Cluster, api: Api, told: list[Key]
) -> None:
    await shown(api, ("ADDED", config_map(10)))
    assert told == [Key("shop", "checkout")]
    await shown(api, ("MODIFIED", config_map(11)))
    assert told == [Key("shop", "checkout")]
    await shown(api, ("MODIFIED", config_map(12, "theirs")))
    await shown(api, ("DELETED", config_map(13, "theirs")))
    assert told == [Key("shop", "checkout")] * 3
    assert cluster.listing(KEY, "shop", "").lines == ()


async def test_what_is_missing_is_as_new_as_the_last_word_of_the_server(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(10)))
    before = time.time()
    await shown(api, ("DELETED", config_map(11)))
    found = listing(cluster)
    assert not found.lines
    assert found.at >= before - 0.01, "newer than any look before it, so the Controller looks again"


@pytest.mark.parametrize("overtaken", [True, False], ids=["told before our answer came", "never shown at all"])
async def test_what_went_before_a_watch_could_show_our_answer_is_looked_for_in_the_end(
    cluster: Cluster, api: Api, told: list[Key], monkeypatch: pytest.MonkeyPatch, *, overtaken: bool
) -> None:
    if overtaken:
        await shown(api, ("ADDED", config_map(10)), ("DELETED", config_map(11)))
    cluster.replied(APPLY, config_map(10))
    assert listing(cluster) == Listing(), "the watch may only be late"
    told.clear()
    cluster.remind()
    assert told == []
    now = time.monotonic()
    monkeypatch.setattr("pilothouse.controller.clusters.time.monotonic", lambda: now + 181)
    cluster.remind()
    assert told == [Key("shop", "checkout")]
    found = listing(cluster)
    assert not found.lines
    assert found.at > 0, "evidence that makes the Controller look"


async def test_what_a_watch_shows_needs_no_reminder(
    cluster: Cluster, api: Api, told: list[Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    await shown(api, ("ADDED", config_map(10)))
    cluster.replied(APPLY, config_map(10))
    told.clear()
    now = time.monotonic()
    monkeypatch.setattr("pilothouse.controller.clusters.time.monotonic", lambda: now + 181)
    cluster.remind()
    assert told == []


async def test_things_of_another_control_plane_are_nobodys_news(cluster: Cluster, api: Api, told: list[Key]) -> None:
    foreign = config_map(10)
    foreign["metadata"]["labels"][marks.CONTROL_PLANE] = "other"
    await shown(api, ("ADDED", foreign))
    assert told == []


async def test_a_kind_nobody_had_so_far_is_followed_from_the_first_question(cluster: Cluster) -> None:
    key = TargetKey("eu-1", "Ingress", "nightly")
    assert cluster.listing(key, "shop", "networking.k8s.io/v1/Ingress/shop/nightly") == Listing()
    await asyncio.sleep(0.01)
    assert cluster.listing(key, "shop", "networking.k8s.io/v1/Ingress/shop/nightly").at > 0


async def test_health_comes_with_the_line(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(10)))
    reading = listing(cluster).lines[0].reading
    assert reading is not None
    assert reading.health.state is HealthState.READY


async def test_a_kind_that_the_cluster_does_not_know_is_the_trouble_of_who_asked_for_it(
    cluster: Cluster, api: Api
) -> None:
    api.unknown = "Wombat"
    cluster.listing(*WOMBAT)
    await asyncio.sleep(0.01)
    assert cluster.synced
    assert cluster.gap is None
    assert cluster.refused is None


async def test_a_stream_that_breaks_and_begins_again_is_no_gap_but_a_right_that_is_missing_is(
    cluster: Cluster, api: Api
) -> None:
    api.events.put_nowait(NotNow("the stream broke"))
    await asyncio.sleep(0.01)
    assert cluster.gap is None
    assert cluster.denied == frozenset()
    api.events.put_nowait(Denied("watch v1 ConfigMap: forbidden"))
    await asyncio.sleep(1.5)
    assert "forbidden" in str(cluster.gap)
    assert cluster.denied == {"ConfigMap"}
    assert cluster.refused is None, "the other kinds can be read"


async def test_a_kind_that_is_watched_is_told_of(cluster: Cluster, api: Api) -> None:
    await shown(api, ("ADDED", config_map(10)))
    found = cluster.tidings(KEY, "shop", ID)
    assert found is not None
    assert time.time() - 61 <= found.at <= time.time()
    assert (found.trouble, found.refused) == ("", False)


async def test_of_a_kind_that_nobody_had_so_far_nothing_is_said(cluster: Cluster) -> None:
    assert cluster.tidings(TargetKey("eu-1", "Ingress", "nightly"), "shop", "") is None


async def test_a_kind_that_may_not_be_listed_is_told_of_by_nobody(cluster: Cluster, api: Api) -> None:
    api.forbidden = "Wombat"
    cluster.listing(*WOMBAT)
    await asyncio.sleep(0.01)
    assert cluster.tidings(*WOMBAT) == Tidings(0.0, "list zoo/v1 Wombat: forbidden", refused=True)


async def test_a_kind_that_is_not_there_yet_may_come(cluster: Cluster, api: Api) -> None:
    api.unknown = "Wombat"
    cluster.listing(*WOMBAT)
    await asyncio.sleep(0.01)
    assert cluster.tidings(*WOMBAT) == Tidings(0.0, "the cluster knows no kind Wombat")


async def test_a_stream_that_broke_is_no_refusal(cluster: Cluster, api: Api) -> None:
    api.events.put_nowait(NotNow("the stream broke"))
    await asyncio.sleep(0.01)
    found = cluster.tidings(KEY, "shop", ID)
    assert found is not None
    assert (found.trouble, found.refused) == ("the stream broke", False)


async def test_who_has_objects_of_a_kind_that_may_be_watched_no_longer_is_told_and_again_when_it_may(
    cluster: Cluster, api: Api, told: list[Key]
) -> None:
    cluster.listing(*WOMBAT)
    api.queues["Wombat"].put_nowait(Event("ADDED", config_map(10) | {"apiVersion": "zoo/v1", "kind": "Wombat"}))
    await asyncio.sleep(0.01)
    told.clear()
    cluster.remind()
    assert told == [], "nothing is amiss"
    wombats = cluster._kinds["zoo/v1", "Wombat"]
    wombats.error = Denied("watch zoo/v1 Wombat: forbidden")
    for _ in range(2):
        cluster.remind()
    assert told == [Key("shop", "checkout")], "once"
    wombats.error = None
    cluster.remind()
    assert told == [Key("shop", "checkout")] * 2
    cluster._kinds["v1", "ConfigMap"].error = Denied("watch v1 ConfigMap: forbidden")
    cluster.remind()
    assert len(told) == 2, "of that its Cell tells, at a pace"
