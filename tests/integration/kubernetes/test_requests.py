"""What a real API server answers, and what the Controller is told that it means."""

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pilothouse.dataplane.errors import (
    Conflict,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    NotNow,
    OutcomeUnknown,
)
from pilothouse.dataplane.kubernetes.answers import (
    Expired,
    NamespaceMissing,
    NamespaceTerminating,
    Unacceptable,
    UnknownKind,
)
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from tests.cluster import BuiltCluster, Component, RunningCluster, User
from tests.integration.kubernetes.forgetting import forget
from tests.integration.kubernetes.objects import EVERY_KIND, config_map, deployment
from tests.integration.kubernetes.waiting import until

pytestmark = pytest.mark.cluster

STOP, CONTINUE = signal.SIGSTOP, signal.SIGCONT


def placed(body: dict[str, Any], namespace: str, **metadata: Any) -> dict[str, Any]:
    """The object as one of `namespace`."""
    return {**body, "metadata": {**body["metadata"], "namespace": namespace, **metadata}}


async def test_an_apply_makes_changes_and_takes_away(provider: KubernetesProvider, namespace: str) -> None:
    made = await provider.apply(placed(config_map(a="1", b="1"), namespace))
    changed = await provider.apply(placed(config_map(a="2"), namespace))
    assert made["metadata"]["uid"] == changed["metadata"]["uid"]
    assert (await provider.get(ObjectID.of(made)))["data"] == {"a": "2"}, "what leaves the manifest leaves the object"


async def test_a_dry_run_changes_nothing(provider: KubernetesProvider, namespace: str) -> None:
    wanted = placed(config_map(), namespace)
    assert (await provider.apply(wanted, dry_run=True))["data"] == wanted["data"]
    with pytest.raises(NotFound):
        await provider.get(ObjectID.of(wanted))


async def test_an_apply_without_force_takes_nothing_from_others(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    cluster.kubectl("create", "configmap", "web", "--from-literal=mode=slow", f"--namespace={namespace}")
    with pytest.raises(Conflict, match="kubectl-create"):
        await provider.apply(placed(config_map(), namespace), force=False)
    assert (await provider.apply(placed(config_map(), namespace)))["data"] == {"mode": "fast"}


async def test_an_apply_bound_to_an_object_spares_its_namesakes(provider: KubernetesProvider, namespace: str) -> None:
    uid = (await provider.apply(placed(config_map(), namespace)))["metadata"]["uid"]
    bound = placed(config_map(mode="new"), namespace, uid=uid)
    identifier = ObjectID.of(bound)
    await provider.apply(bound)
    await provider.delete(identifier)
    with pytest.raises(Conflict, match="uid mismatch"):
        await provider.apply(bound)
    await provider.apply(placed(config_map(), namespace))
    with pytest.raises(Conflict, match="another object of this name"):
        await provider.apply(bound)
    with pytest.raises(Conflict, match="another object of this name"):
        await provider.patch(identifier, {"metadata": {"uid": uid, "labels": {"a": "b"}}})
    with pytest.raises(Conflict, match="UID"):
        await provider.delete(identifier, uid=uid)


async def test_a_patch_of_something_that_changed_since_is_refused(provider: KubernetesProvider, namespace: str) -> None:
    made = await provider.create(placed(EVERY_KIND["Service"], namespace))
    identifier, version = ObjectID.of(made), made["metadata"]["resourceVersion"]
    since = "2026-11-23T12:00:00Z"
    checked = {"type": "Checked", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": since}
    status = {"status": {"conditions": [checked]}}
    patched = await provider.patch(identifier, status, subresource="status", resource_version=version)
    assert patched["status"]["conditions"] == [checked]
    with pytest.raises(Conflict, match="modified"):
        await provider.patch(identifier, status, subresource="status", resource_version=version)


async def test_what_replaces_a_status_is_meant_for_one_version_and_changes_nothing_else(
    provider: KubernetesProvider, namespace: str
) -> None:
    made = await provider.create(placed(EVERY_KIND["Service"], namespace))
    since = "2026-11-23T12:00:00Z"
    checked = {"type": "Checked", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": since}
    body = {**made, "spec": {**made["spec"], "sessionAffinity": "ClientIP"}, "status": {"conditions": [checked]}}
    replaced = await provider.replace(body, subresource="status")
    assert replaced["status"]["conditions"] == [checked]
    assert replaced["spec"] == made["spec"]
    with pytest.raises(Conflict, match="modified"):
        await provider.replace(body, subresource="status")
    await provider.delete(ObjectID.of(made))
    with pytest.raises(Conflict, match="UID"):
        await provider.replace(replaced, subresource="status")


async def test_a_json_patch_is_all_or_nothing(provider: KubernetesProvider, namespace: str) -> None:
    identifier = ObjectID.of(await provider.create(placed(config_map(a="1"), namespace)))
    replace = {"op": "replace", "path": "/data/a", "value": "2"}
    with pytest.raises(Invalid):
        await provider.json_patch(identifier, [replace, {"op": "test", "path": "/data/a", "value": "3"}])
    assert (await provider.json_patch(identifier, [{"op": "test", "path": "/data/a", "value": "1"}, replace]))[
        "data"
    ] == {"a": "2"}


async def test_a_create_of_something_that_exists_is_refused(provider: KubernetesProvider, namespace: str) -> None:
    await provider.create(placed(config_map(), namespace))
    with pytest.raises(Conflict, match="AlreadyExists"):
        await provider.create(placed(config_map(), namespace))


async def test_a_deletion_is_of_what_was_meant(provider: KubernetesProvider, namespace: str) -> None:
    made = await provider.create(placed(config_map(), namespace))
    identifier, metadata = ObjectID.of(made), made["metadata"]
    await provider.patch(identifier, {"data": {"b": "c"}})
    with pytest.raises(Conflict):
        await provider.delete(identifier, resource_version=metadata["resourceVersion"])
    await provider.delete(identifier, uid=metadata["uid"])
    with pytest.raises(NotFound):
        await provider.delete(identifier, uid=metadata["uid"])


async def test_a_listing_has_every_object_once(provider: KubernetesProvider, namespace: str) -> None:
    names = {f"map-{number}" for number in range(7)}
    for name in names:
        await provider.create(placed(config_map(name), namespace, labels={"of": "this-test"}))
    pages = [
        page async for page in provider.list_pages(Selection("v1", "ConfigMap", namespace, "of=this-test"), limit=3)
    ]
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert {item["metadata"]["name"] for page in pages for item in page.items} == names
    assert {(item["apiVersion"], item["kind"]) for page in pages for item in page.items} == {("v1", "ConfigMap")}


async def test_kinds_are_found_or_told(provider: KubernetesProvider, namespace: str) -> None:
    with pytest.raises(UnknownKind, match=r"It knows .*ConfigMap"):
        await provider.get(ObjectID("v1", "Deployment", namespace, "web"))
    with pytest.raises(UnknownKind, match="knows nothing there"):
        await provider.get(ObjectID("example.org/v1", "Widget", namespace, "web"))
    with pytest.raises(Invalid, match="live in no namespace"):
        await provider.get(ObjectID("v1", "Node", namespace, "web"))
    assert (await provider.get(ObjectID("v1", "Namespace", "", namespace)))["kind"] == "Namespace"


async def test_a_manifest_with_mistakes_is_told_field_by_field(provider: KubernetesProvider, namespace: str) -> None:
    wrong = placed(deployment(-1), namespace)
    with pytest.raises(Unacceptable, match="must be greater than or equal to 0") as caught:
        await provider.apply(wrong)
    assert [cause.field for cause in caught.value.causes] == ["spec.replicas"]


async def test_a_typo_is_refused_before_anything_is_done(provider: KubernetesProvider, namespace: str) -> None:
    wrong = placed(deployment(imagePullPolcy="Always"), namespace)
    for dry_run in (True, False):
        with pytest.raises(Unacceptable, match="imagePullPolcy: field not declared in schema") as caught:
            await provider.apply(wrong, dry_run=dry_run)
        assert [cause.field for cause in caught.value.causes] == [
            'spec.template.spec.containers[name="web"].imagePullPolcy'
        ]


@pytest.mark.parametrize(
    "body",
    [
        deployment(env=[{"name": "PIN", "value": 4711}]),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "data": {"pin": 4711}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "web"},
            "type": "4711",
            "stringData": {"a": "4711"},
        },
    ],
    ids=["variable", "secret", "word"],
)
async def test_an_error_holds_no_secret_of_the_manifest(
    provider: KubernetesProvider, namespace: str, body: dict[str, Any]
) -> None:
    wrong = {**placed(body, namespace), "metdata": "4711"} if body.get("type") else placed(body, namespace)
    with pytest.raises(Unacceptable) as caught:
        await provider.apply(wrong)
    assert "4711" not in f"{caught.value} {caught.value.causes}"


async def test_a_user_without_rights_is_denied(cluster: RunningCluster, namespace: str) -> None:
    kubeconfig = cluster.kubeconfig_for(User("nobody"))
    async with await KubernetesProvider.connect("eu-1-a", kubeconfig) as nobody:
        with pytest.raises(Denied, match=r'User "nobody" cannot patch.*Grant this') as caught:
            await nobody.apply(placed(config_map(), namespace))
        assert str(caught.value).startswith(f"cell eu-1-a: apply ConfigMap {namespace}/web: ")


async def test_a_wrong_token_is_denied(cluster: RunningCluster, namespace: str) -> None:
    kubeconfig = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": cluster.url, "certificate-authority": str(cluster.ca)}}],
        "users": [{"name": "u", "user": {"token": "wrong"}}],
    }
    async with await KubernetesProvider.connect("eu-1-a", kubeconfig) as stranger:
        with pytest.raises(Denied, match="401 Unauthorized"):
            await stranger.apply(placed(config_map(), namespace))


async def test_a_namespace_that_is_missing_is_told(provider: KubernetesProvider) -> None:
    for dry_run in (True, False):
        with pytest.raises(NamespaceMissing, match="createNamespace"):
            await provider.apply(placed(config_map(), "no-such-namespace"), dry_run=dry_run)


async def test_a_namespace_that_is_going_is_told(
    cluster: RunningCluster, provider: KubernetesProvider, namespace: str
) -> None:
    held = ObjectID.of(await provider.apply(placed(config_map("held"), namespace, finalizers=["example.org/hold"])))
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    try:
        with pytest.raises(NamespaceTerminating, match="being terminated"):
            await provider.apply(placed(config_map(), namespace))
    finally:
        await provider.patch(held, {"metadata": {"finalizers": None}})


async def test_a_quota_that_is_used_up_is_told(provider: KubernetesProvider, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"configmaps": "1"}},
    }
    identifier = ObjectID.of(await provider.apply(placed(quota, namespace)))

    async def counted() -> bool:
        return "used" in (await provider.get(identifier)).get("status", {})

    async def born() -> bool:
        return bool([page async for page in provider.list_pages(Selection("v1", "ConfigMap", namespace)) if page.items])

    await until(counted)
    # Every namespace is born with a ConfigMap, which uses up this quota.
    await until(born)
    with pytest.raises(Exhausted, match="exceeded quota"):
        await provider.apply(placed(config_map(), namespace))


async def test_a_listing_whose_moment_is_forgotten_is_expired(
    built_cluster: BuiltCluster, provider: KubernetesProvider, namespace: str
) -> None:
    for number in range(3):
        await provider.create(placed(config_map(f"map-{number}"), namespace))
    pages = provider.list_pages(Selection("v1", "ConfigMap", namespace), limit=1)
    await anext(pages)
    await forget(built_cluster, provider)
    with pytest.raises(Expired):
        await anext(pages)


@pytest.fixture
async def hasty(cluster: RunningCluster) -> AsyncIterator[KubernetesProvider]:
    """A provider that gives up after a second."""
    async with await KubernetesProvider.connect("eu-1-a", cluster.kubeconfig, request_seconds=1) as connected:
        yield connected


async def test_a_hanging_api_server_leaves_writes_in_doubt_and_reads_undone(
    built_cluster: BuiltCluster, provider: KubernetesProvider, hasty: KubernetesProvider, namespace: str
) -> None:
    wanted = placed(config_map(), namespace)
    made = await provider.apply(wanted)
    built_cluster.kill(Component.API_SERVER, STOP)
    try:
        with pytest.raises(OutcomeUnknown):
            await hasty.apply(wanted)
        with pytest.raises(NotNow):
            await hasty.apply(wanted, dry_run=True)
        with pytest.raises(NotNow):
            await hasty.get(ObjectID.of(made))
    finally:
        built_cluster.kill(Component.API_SERVER, CONTINUE)
        built_cluster.wait_ready()
    assert (await provider.apply(wanted))["metadata"]["uid"] == made["metadata"]["uid"]


async def test_an_api_server_that_is_gone_was_never_reached(
    built_cluster: BuiltCluster, provider: KubernetesProvider, hasty: KubernetesProvider, namespace: str
) -> None:
    wanted = placed(config_map(), namespace)
    await provider.apply(wanted)
    built_cluster.kill(Component.API_SERVER)
    try:
        await asyncio.sleep(0.2)
        for _ in range(2):
            with pytest.raises(NotNow, match="cannot reach the API server"):
                await hasty.apply(wanted)
    finally:
        built_cluster.start(Component.API_SERVER)
    assert (await provider.apply(wanted))["data"] == wanted["data"]


async def test_many_requests_at_once_are_all_answered(provider: KubernetesProvider, namespace: str) -> None:
    replies = await asyncio.gather(
        *(provider.apply(placed(config_map(f"map-{number}"), namespace)) for number in range(100)),
        return_exceptions=True,
    )
    assert not [reply for reply in replies if isinstance(reply, BaseException)]
