"""Informers on a real API server: it restarts, it forgets, and no deletion is lost for good."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from pilothouse.dataplane.errors import NotNow
from pilothouse.dataplane.kubernetes import discovery
from pilothouse.dataplane.kubernetes.answers import UnknownKind
from pilothouse.dataplane.kubernetes.client import Event, KubernetesProvider, Page
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.kubernetes.types.marks import marked, selector
from pilothouse.dataplane.kubernetes.types.objects import listed
from pilothouse.dataplane.kubernetes.watching import Informer, Informers, Timing
from pilothouse.dataplane.types import Listed
from tests.cluster import BuiltCluster, Component
from tests.integration.kubernetes.forgetting import forget
from tests.integration.kubernetes.objects import config_map, mark
from tests.integration.kubernetes.waiting import until

pytestmark = pytest.mark.cluster

QUICK = Timing(first_backoff=0.1, last_backoff=0.5)


class Maps:
    """ConfigMaps of ours in one namespace, and what an informer sees of them."""

    def __init__(self, provider: KubernetesProvider, namespace: str, informers: Informers) -> None:
        self.provider, self.namespace, self.informers = provider, namespace, informers
        self.changes: list[tuple[Listed | None, Listed | None]] = []
        selection = Selection("v1", "ConfigMap", namespace, selector("fleet-1"))
        self.informer: Informer[Listed] = informers.want(
            selection, listed, lambda old, new: self.changes.append((old, new))
        )

    @property
    def names(self) -> set[str]:
        return {name for _, name in self.informer.items}

    async def put(self, name: str, value: str = "1") -> dict[str, Any]:
        return await self.provider.apply(marked(config_map(name, value=value), mark(self.namespace, name)))

    async def remove(self, name: str) -> None:
        await self.provider.delete(ObjectID("v1", "ConfigMap", self.namespace, name))


@pytest.fixture
async def maps(provider: KubernetesProvider, namespace: str) -> AsyncIterator[Maps]:
    async with Informers(provider, QUICK) as informers:
        found = Maps(provider, namespace, informers)
        await found.put("a")
        await found.put("b")
        await until(lambda: found.names == {"a", "b"})
        yield found


async def test_changes_of_ours_are_seen_and_those_of_others_are_not(maps: Maps) -> None:
    await maps.provider.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign", "namespace": maps.namespace}}
    )
    before = maps.informer.items[maps.namespace, "a"]
    await maps.put("a", "2")
    await maps.remove("b")
    await until(lambda: maps.names == {"a"} and maps.informer.items[maps.namespace, "a"] != before)
    assert {new.reading.mark for _, new in maps.changes if new and new.reading} == {
        mark(maps.namespace, name) for name in "ab"
    }


async def test_a_restart_of_the_api_server_loses_nothing(built_cluster: BuiltCluster, maps: Maps) -> None:
    built_cluster.kill(Component.API_SERVER)
    await until(lambda: maps.informer.error)
    assert maps.names == {"a", "b"}, "a server that is away has deleted nothing"
    built_cluster.start(Component.API_SERVER)
    await maps.remove("a")
    await maps.put("c")
    await until(lambda: maps.names == {"b", "c"})
    assert maps.informer.error is None


async def test_a_deletion_that_the_api_server_forgot_is_found(built_cluster: BuiltCluster, maps: Maps) -> None:
    """The informer must be cut off while it happens, and its version must be too old to be taken up."""
    source = maps.informer._source
    maps.informer._source = _Away()
    built_cluster.restart(Component.API_SERVER)
    await until(lambda: maps.informer.error)
    await maps.remove("a")
    await forget(built_cluster, maps.provider)
    listed_at = maps.informer.listed_at
    maps.informer._source = source
    await until(lambda: maps.names == {"b"})
    assert maps.informer.listed_at > listed_at, "the watch was refused with 410, so everything was listed anew"


class _Away:
    """A source that cannot be reached."""

    def list_pages(self, selection: Selection) -> AsyncGenerator[Page, None]:
        return _nothing(f"list {selection}")

    def watch(self, selection: Selection, *_: object) -> AsyncGenerator[Event, None]:
        return _nothing(f"watch {selection}")


async def _nothing(what: str) -> AsyncGenerator[Any, None]:
    for never in list[Any]():
        yield never
    raise NotNow(f"cannot reach the API server: {what}")


class _Lossy:
    """A provider whose watches never tell of deletions."""

    def __init__(self, provider: KubernetesProvider) -> None:
        self._provider = provider

    def list_pages(self, selection: Selection) -> AsyncGenerator[Page, None]:
        return self._provider.list_pages(selection)

    async def watch(self, *arguments: Any) -> AsyncGenerator[Event, None]:
        async with aclosing(self._provider.watch(*arguments)) as events:
            async for event in events:
                if event.type != "DELETED":
                    yield event


async def test_a_deletion_that_no_watch_told_is_found_by_the_next_listing(
    provider: KubernetesProvider, namespace: str
) -> None:
    async with Informers(_Lossy(provider), Timing(relist=1.0)) as informers:
        maps = Maps(provider, namespace, informers)
        await maps.put("a")
        await until(lambda: maps.names == {"a"})
        await maps.remove("a")
        await until(lambda: not maps.names)
        old, new = maps.changes[-1]
        assert new is None
        assert old is not None
        assert old.id == f"v1/ConfigMap/{namespace}/a"


async def test_a_kind_that_is_not_installed_is_followed_once_it_is(
    provider: KubernetesProvider, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "FORGOTTEN_AFTER", 0.0)
    seen: list[object] = []
    definition = widgets(f"w{namespace[-6:]}.example")
    group, name = definition["spec"]["group"], definition["metadata"]["name"]
    async with Informers(provider, QUICK) as informers:
        widget = Selection(f"{group}/v1", "Widget", namespace)
        informer = informers.want(widget, listed, lambda _old, new: seen.append(new))
        await until(lambda: isinstance(informer.error, UnknownKind))
        try:
            await provider.apply(definition)
            await informers.wait_synced()
            body = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}
            await provider.apply(marked(body, mark(namespace, "w")))
            await until(lambda: seen)
        finally:
            await provider.delete(ObjectID("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name))
        await until(lambda: not informer.items)
        await until(lambda: isinstance(informer.error, UnknownKind))
        assert informers.alive


def widgets(group: str) -> dict[str, Any]:
    """A CustomResourceDefinition."""
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
