"""Who we are to a cluster: kubeconfigs as people have them, and tokens that are renewed when they are refused."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.config import incluster_config

from pilothouse.dataplane.errors import DataplaneError, Denied, Invalid
from pilothouse.dataplane.kubernetes import credentials
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from tests.unit.dataplane.kubernetes.fake import FakeApi

MAPS = Selection("v1", "ConfigMap")


async def listed(provider: KubernetesProvider) -> int:
    """List once, and return how many pages came."""
    return len([page async for page in provider.list_pages(MAPS)])


def with_user(api: FakeApi, **user: Any) -> dict[str, Any]:
    kubeconfig = api.kubeconfig
    kubeconfig["users"][0]["user"] = user
    return kubeconfig


def plugin(folder: Path, **status: Any) -> tuple[dict[str, Any], Path]:
    """An exec plugin, and the file from which it takes what it says; each run leaves a line in `runs`."""
    said = folder / "said.json"
    said.write_text(
        json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})
    )
    command = f"echo run >> {folder / 'runs'}; cat {said}"
    arguments = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", command]}
    return arguments, said


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


async def test_a_token_of_the_kubeconfig_is_sent(api: FakeApi) -> None:
    api.token = "first"
    async with await KubernetesProvider.connect("eu-1-a", api.kubeconfig) as provider:
        assert await listed(provider) == 1


async def test_a_context_can_be_chosen(api: FakeApi) -> None:
    api.token = "second"
    kubeconfig = api.kubeconfig
    kubeconfig["contexts"].append({"name": "other", "context": {"cluster": "fake", "user": "other"}})
    kubeconfig["users"].append({"name": "other", "user": {"token": "second"}})
    async with await KubernetesProvider.connect("eu-1-a", kubeconfig, "other") as provider:
        assert await listed(provider) == 1


async def test_a_kubeconfig_may_be_a_file(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(api.kubeconfig))
    async with await KubernetesProvider.connect("eu-1-a", path) as provider:
        assert await listed(provider) == 1


async def test_a_client_without_credentials_sends_none(api: FakeApi) -> None:
    async with await KubernetesProvider.connect("eu-1-a", with_user(api)) as provider:
        await listed(provider)
    assert "Authorization" not in api.requests[0].headers


async def test_a_refused_token_that_cannot_be_renewed_is_told(api: FakeApi) -> None:
    api.token = "another"
    async with await KubernetesProvider.connect("eu-1-a", api.kubeconfig) as provider:
        with pytest.raises(Denied, match="Renew the credentials"):
            await listed(provider)
        assert len(api.requests) == 1, "the same token needs not be tried twice"


async def test_a_plugin_gives_a_new_token_when_the_old_one_is_refused(api: FakeApi, tmp_path: Path) -> None:
    api.token = "old"
    arguments, said = plugin(tmp_path, token="old", expirationTimestamp="2100-01-01T00:00:00Z")
    async with await KubernetesProvider.connect("eu-1-a", with_user(api, exec=arguments)) as provider:
        await listed(provider)
        api.token = "new"
        said.write_text(said.read_text().replace("old", "new"))
        results = await asyncio.gather(*(listed(provider) for _ in range(5)))
    assert results == [1] * 5
    assert runs(tmp_path) == 2, "five refusals at once are one reason to ask the plugin"


async def test_a_plugin_whose_tokens_are_refused_is_not_run_at_every_request(api: FakeApi, tmp_path: Path) -> None:
    api.token = "never"
    arguments, said = plugin(tmp_path, token="one")
    async with await KubernetesProvider.connect("eu-1-a", with_user(api, exec=arguments)) as provider:
        for token in ("two", "three"):
            said.write_text(said.read_text().replace("one", token))
            with pytest.raises(Denied):
                await listed(provider)
    assert runs(tmp_path) == 2


async def test_a_plugin_that_breaks_later_leaves_the_refusal(api: FakeApi, tmp_path: Path) -> None:
    arguments, said = plugin(tmp_path, token="one")
    async with await KubernetesProvider.connect("eu-1-a", with_user(api, exec=arguments)) as provider:
        api.token = "two"
        said.unlink()
        with pytest.raises(Denied):
            await listed(provider)


async def test_a_token_file_is_read_again_when_its_token_is_refused(api: FakeApi, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    async with await KubernetesProvider.connect("eu-1-a", with_user(api, tokenFile=str(token))) as provider:
        api.token = "two"
        token.write_text("two")
        assert await listed(provider) == 1
        token.unlink()
        api.token = "three"
        with pytest.raises(Denied):
            await listed(provider)


async def test_a_token_file_that_went_leaves_the_refusal(api: FakeApi, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    async with await KubernetesProvider.connect("eu-1-a", with_user(api, tokenFile=str(token))) as provider:
        api.token = "two"
        token.unlink()
        with pytest.raises(Denied, match="Renew"):
            await listed(provider)


async def test_a_plugin_that_gives_nothing_is_told_at_once(api: FakeApi, tmp_path: Path) -> None:
    arguments, said = plugin(tmp_path, token="one")
    said.unlink()
    with pytest.raises(Denied, match="exec plugin 'sh' gave no credentials"):
        await KubernetesProvider.connect("eu-1-a", with_user(api, exec=arguments))


WRONG: dict[str, Any] = {
    "empty": {},
    "no such context": {"current-context": "nowhere"},
    "clusters that are none": {"clusters": "all"},
    "no server": {"clusters": [{"name": "fake", "cluster": {}}]},
    "a certificate that is no base64": {
        "clusters": [{"name": "fake", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": "?"}}]
    },
    "a certificate that is not there": {
        "clusters": [{"name": "fake", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": "/no"}}]
    },
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
async def test_a_wrong_kubeconfig_is_told_with_its_mend(api: FakeApi, change: dict[str, Any]) -> None:
    kubeconfig = {**api.kubeconfig, **change} if change else {}
    with pytest.raises(Invalid, match=r"cell eu-1-a: .*[Mm]end"):
        await KubernetesProvider.connect("eu-1-a", kubeconfig)


async def test_a_kubeconfig_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="FileNotFoundError"):
        await KubernetesProvider.connect("eu-1-a", tmp_path / "none")


async def test_outside_of_a_pod_there_are_no_credentials_of_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Denied, match="give a kubeconfig"):
        await KubernetesProvider.connect("local")


async def test_in_a_pod_its_own_token_is_sent(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("mounted")
    authority.write_text("certificate")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
    found = credentials.in_cluster("local")
    assert found.configuration.host == f"https://127.0.0.1:{api.port}"
    assert await found.authorization() == "bearer mounted"


async def test_a_token_that_cannot_be_read_is_told(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await credentials.by_kubeconfig("eu-1-a", api.kubeconfig)

    def missing(_configuration: object) -> None:
        raise FileNotFoundError("token")

    monkeypatch.setattr(found.configuration, "refresh_api_key_hook", missing)
    with pytest.raises(DataplaneError, match="cannot read the ServiceAccount's token"):
        await found.authorization()


PROXIES = {
    "a proxy of the environment": ({"http_proxy": "http://127.0.0.1:9"}, {}, "http://127.0.0.1:9"),
    "a host that needs none": ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}, {}, None),
    "a proxy of the kubeconfig": (
        {"http_proxy": "http://127.0.0.1:9"},
        {"proxy-url": "http://127.0.0.1:8"},
        "http://127.0.0.1:8",
    ),
    "none": ({}, {}, None),
}


@pytest.mark.parametrize(("environment", "cluster", "proxy"), PROXIES.values(), ids=PROXIES)
async def test_proxies_are_used_as_other_programs_use_them(
    api: FakeApi,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    cluster: dict[str, str],
    proxy: str | None,
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, setting in environment.items():
        monkeypatch.setenv(name, setting)
    kubeconfig = api.kubeconfig
    kubeconfig["clusters"][0]["cluster"].update(cluster)
    found = await credentials.by_kubeconfig("eu-1-a", kubeconfig)
    assert found.configuration.proxy == proxy
