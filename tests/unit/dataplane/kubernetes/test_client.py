"""Calls become requests; what cannot become one is refused before anything is sent."""

import asyncio
from typing import Any

import pytest

from pilothouse.dataplane.errors import DataplaneError, Invalid, OutcomeUnknown, Unreadable
from pilothouse.dataplane.kubernetes import discovery
from pilothouse.dataplane.kubernetes.answers import Expired, UnknownKind
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.types import Call
from tests.unit.dataplane.kubernetes.fake import Answered, FakeApi

MAPS = Selection("v1", "ConfigMap")
PATH = "/api/v1/namespaces/shop/configmaps"


def manifest(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "a", **metadata}}


BAD_NAMES: dict[str, tuple[ObjectID, str]] = {
    "a path": (ObjectID("v1", "ConfigMap", "shop", "a/../../secrets/b"), "metadata.name"),
    "a dot": (ObjectID("v1", "ConfigMap", "shop", ".."), "metadata.name"),
    "an escape": (ObjectID("v1", "ConfigMap", "shop", "%2e%2e"), "metadata.name"),
    "a namespace that is a path": (ObjectID("v1", "ConfigMap", "../kube-system", "a"), "metadata.namespace"),
    "no namespace": (ObjectID("v1", "ConfigMap", "", "a"), "metadata.namespace"),
    "an apiVersion that is a path": (ObjectID("../v1", "ConfigMap", "shop", "a"), "apiVersion"),
    "an empty apiVersion": (ObjectID("", "ConfigMap", "shop", "a"), "apiVersion"),
}


@pytest.mark.parametrize(("identifier", "field"), BAD_NAMES.values(), ids=BAD_NAMES)
async def test_a_name_cannot_lead_elsewhere(
    api: FakeApi, provider: KubernetesProvider, identifier: ObjectID, field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        await provider.get(identifier)
    assert {request.path for request in api.requests} <= {"/api/v1"}


async def test_odd_characters_in_a_name_stay_in_it(api: FakeApi, provider: KubernetesProvider) -> None:
    with pytest.raises(DataplaneError):
        await provider.get(ObjectID("v1", "ConfigMap", "shop", "a?b#c d:e"))
    assert api.requests[-1].path == f"{PATH}/a?b#c d:e"


async def test_kinds_without_namespaces_are_not_for_applications(api: FakeApi, provider: KubernetesProvider) -> None:
    api.answers = [Answered(body={"resources": [{"name": "nodes", "kind": "Node", "namespaced": False}]})]
    with pytest.raises(Invalid, match="live in no namespace"):
        await provider.get(ObjectID("v1", "Node", "shop", "n1"))


async def test_a_cluster_is_asked_once_for_its_kinds(api: FakeApi, provider: KubernetesProvider) -> None:
    await asyncio.gather(*(provider.get(ObjectID.of(manifest())) for _ in range(5)), return_exceptions=True)
    assert len(api.asked("/api/v1")) == 1


async def test_a_kind_that_nobody_knows_is_told_with_those_that_are_known(
    api: FakeApi, provider: KubernetesProvider
) -> None:
    for _ in range(3):
        with pytest.raises(UnknownKind, match=r"no kind 'Widget' in apiVersion 'v1'\. It knows ConfigMap there"):
            await provider.get(ObjectID("v1", "Widget", "shop", "a"))
        with pytest.raises(UnknownKind, match="It knows nothing there"):
            await provider.get(ObjectID("example.org/v1", "Widget", "shop", "a"))
    assert len(api.requests) == 2, "many Applications may ask for what is not there"


async def test_a_kind_that_is_installed_later_is_found(
    api: FakeApi, provider: KubernetesProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.answers = [Answered(body={"resources": []})]
    with pytest.raises(UnknownKind):
        await provider.get(ObjectID.of(manifest()))
    monkeypatch.setattr(discovery, "FORGOTTEN_AFTER", 0.0)
    assert [page.items async for page in provider.list_pages(MAPS)] == [[]]


async def test_a_kind_that_went_is_asked_for_again(api: FakeApi, provider: KubernetesProvider) -> None:
    with pytest.raises(UnknownKind, match="404 page not found"):
        await provider.get(ObjectID.of(manifest()))
    with pytest.raises(UnknownKind):
        await provider.get(ObjectID.of(manifest()))
    assert len(api.asked("/api/v1")) == 2


async def test_a_failed_question_for_kinds_is_no_answer(api: FakeApi, provider: KubernetesProvider) -> None:
    api.answers = [Answered(503, {"message": "starting"})]
    with pytest.raises(DataplaneError, match="starting"):
        await provider.get(ObjectID.of(manifest()))
    assert [page.items async for page in provider.list_pages(MAPS)] == [[]]


async def test_a_listing_comes_in_pages_of_one_moment(api: FakeApi, provider: KubernetesProvider) -> None:
    for name in "abc":
        api.put(name)
    found = []
    async for page in provider.list_pages(MAPS, limit=2):
        api.put("z")
        found.append(([item["metadata"]["name"] for item in page.items], page.resource_version))
    assert found == [(["a", "b"], "13"), (["c", "z"], "13")]


async def test_objects_of_a_listing_say_their_kind(api: FakeApi, provider: KubernetesProvider) -> None:
    api.put("a")
    (page,) = [page async for page in provider.list_pages(MAPS)]
    assert (page.items[0]["apiVersion"], page.items[0]["kind"]) == ("v1", "ConfigMap")


async def test_a_listing_whose_moment_is_forgotten_is_over(api: FakeApi, provider: KubernetesProvider) -> None:
    for name in "abc":
        api.put(name)
    pages = provider.list_pages(MAPS, limit=2)
    await anext(pages)
    api.forget()
    with pytest.raises(Expired):
        await anext(pages)


async def test_a_list_call_asks_for_the_marked_objects(api: FakeApi, provider: KubernetesProvider) -> None:
    api.put("a")
    call = Call("kubernetes", "list", {"apiVersion": "v1", "kind": "ConfigMap", "labelSelector": "a=b"})
    pages = [page async for page in provider.pages(call)]
    assert [item["metadata"]["name"] for item in pages[0]["items"]] == ["a"]
    assert api.asked(labelSelector="a=b")


SENT: dict[str, tuple[Call, str, str, dict[str, str], Any]] = {
    "an apply": (
        Call("kubernetes", "apply", {"manifest": manifest(), "force": False}),
        "PATCH",
        "application/apply-patch+yaml",
        {"force": "false", "fieldManager": "pilothouse", "fieldValidation": "Strict"},
        manifest(),
    ),
    "a dry run": (
        Call("kubernetes", "dryRun", {"manifest": manifest()}),
        "PATCH",
        "application/apply-patch+yaml",
        {"force": "true", "dryRun": "All"},
        manifest(),
    ),
    "a patch": (
        Call("kubernetes", "patch", {**ObjectID.of(manifest()).parameters, "patch": {"data": {"a": "b"}}}),
        "PATCH",
        "application/merge-patch+json",
        {"fieldManager": "pilothouse"},
        {"data": {"a": "b"}},
    ),
    "a deletion": (
        Call("kubernetes", "delete", {**ObjectID.of(manifest()).parameters, "uid": "u", "propagationPolicy": "Orphan"}),
        "DELETE",
        "application/json",
        {},
        {"propagationPolicy": "Orphan", "preconditions": {"uid": "u"}},
    ),
    "a read": (Call("kubernetes", "get", ObjectID.of(manifest()).parameters), "GET", "", {}, None),
}


@pytest.mark.parametrize(("call", "method", "media_type", "query", "body"), SENT.values(), ids=SENT)
async def test_a_call_becomes_one_request(
    api: FakeApi,
    provider: KubernetesProvider,
    call: Call,
    method: str,
    media_type: str,
    query: dict[str, str],
    body: Any,
) -> None:
    bodies = []
    stored = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "7"}}

    async def noted(request: Any, _told: Answered) -> Any:
        bodies.append(await request.json() if request.can_read_body else None)
        return await FakeApi._answer_as_told(api, request, Answered(body=stored))

    await provider._discovery.endpoint(provider._asked("get", ObjectID.of(manifest())), "v1", "ConfigMap")
    api._answer_as_told = noted  # type: ignore[method-assign, assignment]
    api.answers = [Answered()]
    await provider.send(call)
    (request,) = api.asked(f"{PATH}/a", **query)
    assert (request.method, request.headers.get("Content-Type", "")) == (method, media_type)
    assert bodies == [body]


BAD_CALLS: dict[str, tuple[Call, str]] = {
    "an unknown operation": (Call("kubernetes", "explode", {}), "no operation 'explode'"),
    "a manifest without a name": (Call("kubernetes", "apply", {"manifest": {"kind": "ConfigMap"}}), "metadata.name"),
    "a manifest that is none": (Call("kubernetes", "apply", {"manifest": "text"}), "metadata.name"),
    "a get of nothing": (Call("kubernetes", "get", {"kind": "ConfigMap"}), "apiVersion"),
    "a patch without a patch": (Call("kubernetes", "patch", ObjectID.of(manifest()).parameters), "patch"),
}


@pytest.mark.parametrize(("call", "says"), BAD_CALLS.values(), ids=BAD_CALLS)
async def test_a_call_that_is_none_is_refused(provider: KubernetesProvider, call: Call, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        await provider.send(call)


async def test_a_listing_of_nothing_is_refused(provider: KubernetesProvider) -> None:
    with pytest.raises(Invalid, match="apiVersion"):
        await anext(provider.pages(Call("kubernetes", "list", {"kind": "ConfigMap", "apiVersion": ""})))
    with pytest.raises(Invalid, match="kind"):
        await anext(provider.pages(Call("kubernetes", "list", {"apiVersion": "v1"})))


async def test_an_answer_that_makes_no_sense_leaves_open_what_was_done(
    api: FakeApi, provider: KubernetesProvider
) -> None:
    api.put("a", "1")
    identifier = ObjectID("v1", "ConfigMap", "shop", "a")
    await provider._discovery.endpoint(provider._asked("get", identifier), "v1", "ConfigMap")
    api.answers = [Answered(body={}), Answered(body={"metadata": {"name": "a"}})]
    with pytest.raises(Unreadable, match="get ConfigMap shop/a: the answer makes no sense"):
        await provider.get(identifier)
    with pytest.raises(OutcomeUnknown, match="apply ConfigMap shop/a: the answer makes no sense"):
        await provider.apply(manifest())


async def test_kinds_that_make_no_sense_are_told(api: FakeApi, provider: KubernetesProvider) -> None:
    api.answers = [Answered(body={"resources": [{"kind": "ConfigMap"}]})]
    with pytest.raises(Unreadable, match="the answer makes no sense"):
        await provider.get(ObjectID("v1", "ConfigMap", "shop", "a"))


async def test_what_a_dry_run_would_make_has_no_version_yet(api: FakeApi, provider: KubernetesProvider) -> None:
    identifier = ObjectID("v1", "ConfigMap", "shop", "a")
    await provider._discovery.endpoint(provider._asked("get", identifier), "v1", "ConfigMap")
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
    api.answers = [Answered(body=made), Answered(body=made)]
    assert await provider.apply(manifest(), dry_run=True) == made
    with pytest.raises(OutcomeUnknown):
        await provider.apply(manifest())
