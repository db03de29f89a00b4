"""The life of Kubernetes objects on a real API server, told by the flows and calls that the Controller uses."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pilothouse.api.plan import Change
from pilothouse.dataplane.errors import Conflict, Invalid
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest, reading_of
from pilothouse.dataplane.types import Call, HealthState, Listed, Reading, TargetKey, Want
from tests.cluster import RunningCluster
from tests.integration.kubernetes.objects import EVERY_KIND, config_map, deployment, mark, named
from tests.integration.kubernetes.waiting import until

pytestmark = pytest.mark.cluster


class World:
    """One object that an Application wants in one namespace."""

    def __init__(self, provider: KubernetesProvider, namespace: str, body: dict[str, Any]) -> None:
        self.provider, self.namespace = provider, namespace
        self.type = KubernetesObject(body["kind"], body["apiVersion"])
        self.id = ObjectID(body["apiVersion"], body["kind"], namespace, body["metadata"]["name"])
        self.want = self.wanting(body)

    def wanting(self, body: dict[str, Any], incarnation: int = 0) -> Want[Manifest]:
        key = TargetKey("a", body["kind"], body["metadata"]["name"])
        return Want(key, Manifest(body=body), str(self.id), mark(self.namespace, key.resource, incarnation), "token")

    async def create(self) -> Reading:
        reply = await self.provider.send(self.type.create(self.want))
        assert self.type.created(reply) == str(self.id)
        return reading_of(reply)

    async def update(self) -> Reading:
        for call in self.type.update(await self.read(), self.want, frozenset()):
            await self.provider.send(call)
        return await self.read()

    async def read(self) -> Reading:
        found = await run(self.type.read(str(self.id)), self.provider.send)
        assert found is not None
        return found

    async def preview(self) -> tuple[Change, ...]:
        return await run(self.type.preview(self.want), self.provider.send)

    async def changes(self) -> dict[str, tuple[Any, Any]]:
        return {change.path: (change.old, change.new) for change in await self.preview()}


@pytest.mark.parametrize("body", EVERY_KIND.values(), ids=EVERY_KIND)
async def test_what_was_applied_needs_no_change(
    provider: KubernetesProvider, namespace: str, body: dict[str, Any]
) -> None:
    """Else every pass would plan for ever: defaults and canonical forms of the API server are no drift."""
    world = World(provider, namespace, body)
    assert all(change.old is None for change in await world.preview()), "a preview before the create shows all of it"
    made = await world.create()
    assert await world.changes() == {}
    again = await world.update()
    assert await world.changes() == {}
    assert again.fingerprint == made.fingerprint != ""
    assert again.mark == world.want.mark
    (found,) = await run(world.type.find(world.want), provider.send)
    assert (found.id, found.mark, found.fingerprint) == (again.id, again.mark, again.fingerprint)


@pytest.mark.parametrize("body", EVERY_KIND.values(), ids=EVERY_KIND)
async def test_what_is_deleted_goes(provider: KubernetesProvider, namespace: str, body: dict[str, Any]) -> None:
    world = World(provider, namespace, body)
    have = await world.create()
    for call in world.type.delete(have):
        await provider.send(call)

    async def gone() -> bool:
        left = await run(world.type.read(str(world.id)), provider.send)
        assert left is None or left.health.state is HealthState.DELETING
        return left is None

    await until(gone)


async def test_a_foreign_change_of_our_field_is_seen_and_taken_back(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    world = World(provider, namespace, deployment(2))
    made = await world.create()
    cluster.kubectl("scale", "deployment/web", "--replicas=5", f"--namespace={namespace}")
    cluster.kubectl("set", "env", "deployment/web", "MODE=slow", f"--namespace={namespace}")
    assert (await world.read()).fingerprint != made.fingerprint
    assert await world.changes() == {"spec.replicas": (5, 2)}, "MODE is not ours"
    assert (await world.update()).fingerprint == made.fingerprint
    assert await world.changes() == {}


async def test_a_field_that_is_left_alone_stays_as_others_set_it_and_goes_to_nobody_otherwise(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    """While it is ours it is sent, for what an apply leaves out and nobody else owns is removed."""
    world, at = World(provider, namespace, deployment(2)), frozenset({("spec", "replicas")})
    await world.create()
    assert await run(world.type.foreign(world.want, at), provider.send) == frozenset()
    for others in (5, 2):
        cluster.kubectl("scale", "deployment/web", f"--replicas={others}", f"--namespace={namespace}")
        assert await run(world.type.foreign(world.want, at), provider.send) == at
        world.want = replace(world.want, spec=world.type.without(world.want.spec, at))
        assert await world.changes() == {}, "neither is the record that we applied it taken back"
        await world.update()
        live = await provider.send(Call("kubernetes", "get", world.id.parameters))
        assert live["spec"]["replicas"] == others
        world.want = world.wanting(deployment(2))
    await world.update()
    assert await run(world.type.foreign(world.want, at), provider.send) == frozenset(), "a wish takes it back"


async def test_a_foreign_change_of_a_foreign_field_is_none_of_ours(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    world = World(provider, namespace, deployment(0))
    made = await world.create()
    cluster.kubectl("label", "deployment/web", "team=a", f"--namespace={namespace}")
    cluster.kubectl("patch", "deployment/web", "-p", '{"spec":{"minReadySeconds":5}}', f"--namespace={namespace}")
    assert (await world.read()).fingerprint == made.fingerprint
    assert await world.changes() == {}


async def test_a_change_of_a_secret_is_seen_and_not_shown(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    world = World(provider, namespace, EVERY_KIND["Secret by text"])
    await world.create()
    patch = json.dumps({"stringData": {"password": "stolen"}})
    cluster.kubectl("patch", "secret/web", "-p", patch, f"--namespace={namespace}")
    assert await world.changes() == {"data.password": ("(sensitive)", "(sensitive)")}
    await world.update()
    assert await world.changes() == {}


async def test_what_leaves_the_manifest_is_shown_and_goes(provider: KubernetesProvider, namespace: str) -> None:
    world = World(provider, namespace, config_map(a="1", b="1"))
    await world.create()
    world.want = world.wanting(config_map(a="2"))
    assert await world.changes() == {"data.a": ("1", "2"), "data.b": ("1", None)}
    await world.update()
    assert (await provider.get(world.id))["data"] == {"a": "2"}


async def test_lost_ownership_is_seen_and_won_back(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    world = World(provider, namespace, config_map(a="1"))
    made = await world.create()
    for value in ("2", "1"):
        cluster.kubectl("patch", "configmap/web", "-p", json.dumps({"data": {"a": value}}), f"--namespace={namespace}")
    assert await world.changes() == {"metadata.managedFields": (None, "owns data.a again")}
    assert (await world.update()).fingerprint == made.fingerprint
    assert await world.changes() == {}


async def test_a_create_leaves_an_object_of_somebody_else_alone(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    cluster.kubectl("create", "configmap", "web", "--from-literal=mode=slow", f"--namespace={namespace}")
    world = World(provider, namespace, config_map())
    (found,) = await run(world.type.find(world.want), provider.send)
    assert found.mark is None
    with pytest.raises(Conflict):
        await world.create()
    assert (await provider.get(world.id))["data"] == {"mode": "slow"}


async def test_an_adopted_object_bears_our_mark_and_is_otherwise_as_it_was(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    cluster.kubectl("create", "configmap", "web", "--from-literal=mode=slow", f"--namespace={namespace}")
    world = World(provider, namespace, config_map())
    for call in world.type.adopt(await world.read(), world.want):
        await provider.send(call)
    assert (await world.read()).mark == world.want.mark
    assert (await provider.get(world.id))["data"] == {"mode": "slow"}
    assert (await world.changes())["data.mode"] == ("slow", "fast")
    await world.update()
    assert await world.changes() == {}


async def test_an_object_of_a_lost_fleet_is_adopted_without_losing_a_field(
    provider: KubernetesProvider, namespace: str
) -> None:
    """Our manager applied it for another Application UID: an apply of the mark alone would take the rest away."""
    world = World(provider, namespace, deployment(2))
    before = await world.create()
    world.want = world.wanting(deployment(2), incarnation=7)
    for call in world.type.adopt(await world.read(), world.want):
        await provider.send(call)
    after = await world.read()
    assert (after.mark, after.outputs) == (world.want.mark, before.outputs)
    assert (await provider.get(world.id))["spec"]["replicas"] == 2
    await world.update()
    assert await world.changes() == {}


IMMUTABLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the selector of a Deployment": (
        deployment(0),
        {**deployment(0), "spec": {**deployment(0)["spec"], "selector": {"matchLabels": {"app": "web", "x": "y"}}}},
        "spec.selector",
    ),
    "the address of a Service": (
        EVERY_KIND["Service"],
        {**EVERY_KIND["Service"], "spec": {**EVERY_KIND["Service"]["spec"], "clusterIP": "None"}},
        "spec.clusterIP",
    ),
    "the template of a Job": (
        EVERY_KIND["Job"],
        json.loads(json.dumps(EVERY_KIND["Job"]).replace("web:1", "web:2")),
        "spec.template",
    ),
    "the claims of a StatefulSet": (
        EVERY_KIND["StatefulSet"],
        json.loads(json.dumps(EVERY_KIND["StatefulSet"]).replace("1Gi", "2Gi")),
        "spec.volumeClaimTemplates",
    ),
    "the class of a claim": (
        EVERY_KIND["PersistentVolumeClaim"],
        {
            **EVERY_KIND["PersistentVolumeClaim"],
            "spec": {**EVERY_KIND["PersistentVolumeClaim"]["spec"], "accessModes": ["ReadWriteMany"]},
        },
        "spec.accessModes",
    ),
    "the role of a binding": (
        EVERY_KIND["RoleBinding"],
        json.loads(json.dumps(EVERY_KIND["RoleBinding"]).replace('"kind": "Role"', '"kind": "ClusterRole"')),
        "roleRef",
    ),
    "the type of a Secret": (
        EVERY_KIND["Secret by data"],
        {**EVERY_KIND["Secret by data"], "type": "example.org/other"},
        "type",
    ),
    "data of a ConfigMap that says so": (
        named("v1", "ConfigMap", data={"a": "1"}, immutable=True),
        named("v1", "ConfigMap", data={"a": "2"}, immutable=True),
        "data",
    ),
    "data of a Secret that says so": (
        named("v1", "Secret", stringData={"a": "1"}, immutable=True),
        named("v1", "Secret", stringData={"a": "2"}, immutable=True),
        "data",
    ),
}


@pytest.mark.parametrize(("before", "after", "path"), IMMUTABLE.values(), ids=IMMUTABLE)
async def test_a_field_that_cannot_change_is_told_by_its_path(
    provider: KubernetesProvider, namespace: str, before: dict[str, Any], after: dict[str, Any], path: str
) -> None:
    world = World(provider, namespace, before)
    await world.create()
    world.want = world.wanting(after)
    (change,) = await world.preview()
    assert change.path == path
    assert world.type.immutable(path)


async def test_a_template_that_the_api_server_refuses_is_told_by_the_preview(
    provider: KubernetesProvider, namespace: str
) -> None:
    world = World(provider, namespace, deployment(0))
    await world.create()
    world.want = world.wanting(deployment(0, image="", ports=[{"containerPort": 70_000}]))
    with pytest.raises(Invalid, match="must be between 1 and 65535"):
        await world.preview()


async def test_health_follows_a_deployment_until_it_is_available(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    if not cluster.fake_nodes:
        pytest.skip("the image of these pods exists nowhere: they run on fake nodes only")
    world = World(provider, namespace, deployment(3))
    seen = [(await world.create()).health]

    async def ready() -> bool:
        seen.append((await world.read()).health)
        return seen[-1].state is HealthState.READY

    await until(ready, every=0.02)
    assert {health.state for health in seen[:-1]} == {HealthState.PROGRESSING}
    assert all(health.message for health in seen[:-1])


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Service", "ConfigMap", "PodDisruptionBudget"])
async def test_health_reaches_ready(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str, kind: str
) -> None:
    if not cluster.fake_nodes:
        pytest.skip("the image of these pods exists nowhere: they run on fake nodes only")
    body = json.loads(json.dumps(EVERY_KIND[kind]))
    body["spec" if "spec" in body else "data"].pop("volumeClaimTemplates", None)
    world = World(provider, namespace, body)
    await world.create()

    async def ready() -> bool:
        found = (await world.read()).health
        assert found.state in (HealthState.PROGRESSING, HealthState.READY)
        return found.state is HealthState.READY

    await until(ready)


async def test_health_says_why_pods_cannot_be_made(provider: KubernetesProvider, namespace: str) -> None:
    none = named("v1", "ResourceQuota", spec={"hard": {"pods": "0"}})
    quota, world = World(provider, namespace, none), World(provider, namespace, deployment(1))
    await quota.create()

    async def counted() -> bool:
        return "hard" in (await provider.get(quota.id)).get("status", {})

    async def explained() -> bool:
        return "exceeded quota" in (await world.read()).health.message

    await until(counted)
    await world.create()
    await until(explained)


async def test_what_a_controller_copies_our_labels_to_is_not_ours(provider: KubernetesProvider, namespace: str) -> None:
    world = World(provider, namespace, EVERY_KIND["Service"])
    await world.create()
    slices = KubernetesObject("EndpointSlice", "discovery.k8s.io/v1")
    found: list[Listed] = []

    async def listed() -> bool:
        async for page in provider.pages(slices.listing("fleet-1")):
            found.extend(line for line in slices.listed(page) if f"/{namespace}/" in line.id)
        return bool(found)

    await until(listed)
    assert {line.reading.mark for line in found if line.reading} == {None}
