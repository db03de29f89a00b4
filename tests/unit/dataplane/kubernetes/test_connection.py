"""What a request means that is not answered as it should be: was it sent, and could it have had an effect."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pilothouse.dataplane.errors import DataplaneError, Denied, Invalid, NotNow, OutcomeUnknown, Refused
from pilothouse.dataplane.kubernetes import connection
from pilothouse.dataplane.kubernetes.answers import Busy, Unacceptable
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from tests.cluster.certificates import Authority
from tests.unit.dataplane.kubernetes.fake import Answered, FakeApi

MAP = ObjectID("v1", "ConfigMap", "shop", "a")
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "a"}}


@pytest.fixture
async def provider(api: FakeApi) -> AsyncIterator[KubernetesProvider]:
    """A provider that gives up soon."""
    async with await KubernetesProvider.connect("eu-1-a", api.kubeconfig, request_seconds=0.5) as connected:
        yield connected


Request = Callable[[KubernetesProvider], Awaitable[Any]]
READ: Request = lambda provider: provider.get(MAP)  # noqa: E731 - four requests, side by side
APPLY: Request = lambda provider: provider.apply(MANIFEST)  # noqa: E731
DRY_RUN: Request = lambda provider: provider.apply(MANIFEST, dry_run=True)  # noqa: E731
DELETE: Request = lambda provider: provider.delete(MAP)  # noqa: E731


@dataclass(frozen=True)
class Case:
    """A request, what the server does to it, and the error that it means."""

    request: Request
    answer: Answered
    error: type[DataplaneError]
    reason: str


CASES = {
    "a read without an answer": Case(READ, Answered(hang=2), NotNow, "reading has no effect"),
    "a read that is cut off": Case(READ, Answered(cut=True), NotNow, "reading has no effect"),
    "an apply without an answer": Case(APPLY, Answered(hang=2), OutcomeUnknown, "the server may have stored it"),
    "an apply that is cut off": Case(APPLY, Answered(cut=True), OutcomeUnknown, "the server may have stored it"),
    "a deletion without an answer": Case(DELETE, Answered(hang=2), OutcomeUnknown, "it may have begun"),
    "a dry run without an answer": Case(DRY_RUN, Answered(hang=2), NotNow, "a dry run changes nothing"),
    "an apply answered by something else": Case(APPLY, Answered(body="<html>"), OutcomeUnknown, "who knows who it was"),
    "a read answered by something else": Case(READ, Answered(body="<html>"), NotNow, "who knows who it was"),
    "a redirect": Case(READ, Answered(302, "", {"Location": "/api/v1"}), Refused, "credentials are not for strangers"),
    "a busy server": Case(APPLY, Answered(429, {}, {"Retry-After": "3"}), Busy, "it was turned away before"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_missing_answer(case: Case, api: FakeApi, provider: KubernetesProvider) -> None:
    await provider._discovery.endpoint(provider._asked("get", MAP), "v1", "ConfigMap")
    api.answers = [case.answer] * 2
    with pytest.raises(DataplaneError) as caught:
        await case.request(provider)
    assert type(caught.value) is case.error, case.reason
    assert str(caught.value).startswith("cell eu-1-a: ")


async def test_nothing_was_sent_where_nobody_listens(api: FakeApi) -> None:
    kubeconfig = api.kubeconfig
    kubeconfig["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    async with await KubernetesProvider.connect("eu-1-a", kubeconfig) as provider:
        with pytest.raises(NotNow, match="cannot reach the API server"):
            await provider.apply(MANIFEST)


async def test_an_apply_asks_the_server_to_give_up_with_us(api: FakeApi, provider: KubernetesProvider) -> None:
    api.answers = [Answered(body={"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]})]
    await asyncio.gather(provider.apply(MANIFEST), return_exceptions=True)
    (request,) = api.asked("/api/v1/namespaces/shop/configmaps/a")
    assert request.query["timeout"] == "1s"
    assert request.query["fieldManager"] == "pilothouse"
    assert request.query["fieldValidation"] == "Strict"


@pytest.fixture
async def secure(tmp_path: Path) -> Any:
    """A server with TLS, and the authorities that it can prove itself by and not."""
    own, foreign = Authority(), Authority()
    certificate, key = own.server(["localhost"], ["127.0.0.1"]).write(tmp_path, "server")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    application = web.Application()

    async def kinds(_request: web.Request) -> web.Response:
        return web.json_response({"resources": []})

    application.router.add_get("/api/v1", kinds)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1], own, foreign
    await runner.cleanup()


def trusting(api: FakeApi, port: int, authority: bytes, folder: Path, **cluster: Any) -> dict[str, Any]:
    """A kubeconfig that trusts `authority` alone."""
    (folder / "ca.crt").write_bytes(authority)
    kubeconfig = api.kubeconfig
    kubeconfig["clusters"][0]["cluster"] = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority": str(folder / "ca.crt"),
        **cluster,
    }
    return kubeconfig


async def test_a_server_that_cannot_prove_itself_gets_no_request(api: FakeApi, secure: Any, tmp_path: Path) -> None:
    port, own, foreign = secure
    for authority, cluster in ((foreign, {}), (own, {"tls-server-name": "elsewhere"})):
        kubeconfig = trusting(api, port, authority.certificate, tmp_path, **cluster)
        async with await KubernetesProvider.connect("eu-1-a", kubeconfig) as provider:
            with pytest.raises(Denied, match=r"identity is in doubt.*certificate-authority-data"):
                await provider.apply(MANIFEST)


async def test_a_server_is_known_by_the_name_that_the_kubeconfig_gives(
    api: FakeApi, secure: Any, tmp_path: Path
) -> None:
    port, own, _ = secure
    kubeconfig = trusting(api, port, own.certificate, tmp_path, **{"tls-server-name": "localhost"})
    async with await KubernetesProvider.connect("eu-1-a", kubeconfig) as provider:
        with pytest.raises(Unacceptable, match="knows no kind"):
            await provider.get(MAP)


async def test_a_certificate_that_is_none_is_told_before_any_request(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="certificates of the kubeconfig"):
        await KubernetesProvider.connect("eu-1-a", trusting(api, 1, b"no certificate", tmp_path))


async def test_a_stream_without_end_has_an_end_to_its_lines(
    api: FakeApi, provider: KubernetesProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LONGEST_EVENT", 1000)
    api.put("a", "x" * 100_000)
    with pytest.raises(Unacceptable, match="longer than 1000 bytes"):
        await anext(provider.watch(Selection("v1", "ConfigMap"), "0", 5, 5))


async def test_a_stream_may_be_refused(api: FakeApi, provider: KubernetesProvider) -> None:
    await provider._discovery.endpoint(provider._asked("get", MAP), "v1", "ConfigMap")
    api.answers = [Answered(403, {"message": "no"})]
    with pytest.raises(Denied):
        await anext(provider.watch(Selection("v1", "ConfigMap"), "0", 5, 5))
