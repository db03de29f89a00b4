"""Every parser of what comes from outside. Each takes one turn: it may raise what it promises to raise, and no more."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from pilothouse.api.cell import SecretKeyRef
from pilothouse.catalog.registry import TYPES
from pilothouse.cli import kubeconfig, objects, refusals
from pilothouse.cli.errors import PluginError
from pilothouse.cli.flags import Flags
from pilothouse.controller import connecting, requests
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.errors import DataplaneError, Denied, NotFound, NotNow, NotSet
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.kubernetes import client, credentials, discovery
from pilothouse.dataplane.kubernetes.answers import Answer, Asked, error_of
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.dataplane.kubernetes.types.kstatus import health
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject
from pilothouse.dataplane.types import Call, Mark, ResourceType, TargetKey, Want
from pilothouse.dataplane.understood import answer_to, understood
from pilothouse.importing import finding
from pilothouse.runtime import webhooks
from tests.fuzz import statuses
from tests.fuzz.documents import OWNER, damaged, reply, text
from tests.unit.cli import samples

Turn = Callable[[Random], None]
"""Feeds a parser once. Raises only what is a finding."""
_ERRORS: Final = (Denied, NotFound, NotNow, NotSet)
_MOST_CALLS: Final = 30
"""Calls that one reading may take before it counts as endless."""


class Endless(DataplaneError):
    """A reading asks on and on: fed with chance it may."""


def parsers() -> Mapping[str, Turn]:
    """Every parser by name."""
    found: dict[str, Turn] = {f"replies about {kind}": partial(_aws, one) for kind, one in TYPES.items()}
    return found | {
        "replies about tags": _tagged,
        "answers of API servers": _answers,
        "objects of API servers": _objects,
        "health of objects": _health,
        "kubeconfigs of Cells": _kubeconfig_of_cell,
        "kubeconfigs of people": _kubeconfig_of_person,
        "credentials": _credentials,
        "signing secrets": _signing,
        "annotations": _annotations,
        "objects that the plugin shows": _shown,
        "refusals that the plugin shows": _refusals,
        "status": statuses.turn,
    }


def _aws(kind: ResourceType[Any], random: Random) -> None:
    """Read a listing, one thing, and the reply to a create."""
    mark = Mark(OWNER, "orders", "uid-1")
    key = TargetKey("aws", kind.kind, "orders")
    want = Want(key, kind.model.model_construct(), kind.name(OWNER, "orders"), mark, "token")
    listing = kind.listing(OWNER.control_plane)
    with _told(), understood(answer_to(listing)):
        for line in kind.listed(reply(listing.service, listing.operation, random)):
            kind.ours(line, OWNER.control_plane)
    for flow in (kind.read(text(random) or "id"), kind.find(want)):
        with _told():
            asyncio.run(run(flow, _sender(random)))


def _sender(random: Random) -> Callable[[Call], Any]:
    count = iter(range(_MOST_CALLS))

    async def send(call: Call) -> Any:
        if next(count, None) is None:
            raise Endless(call.operation)
        if random.random() < 0.05:
            raise random.choice(_ERRORS)(call.operation)
        return reply(call.service, call.operation, random)

    return send


def _tagged(random: Random) -> None:
    """Find everything with a tag, as `import` does."""
    with _told():
        asyncio.run(run(finding.by_tag(TYPES, "team", text(random)), _sender(random)))


_ASKED: Final = Asked("eu-1-a", "get ConfigMap shop/a")
_SELECTION: Final = Selection("v1", "ConfigMap")
_OBJECT: Final[Mapping[str, Any]] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "a",
        "namespace": "shop",
        "uid": "1",
        "generation": 2,
        "resourceVersion": "7",
        "labels": {"pilothouse.dev/control-plane": "cp", "pilothouse.dev/application": "checkout"},
        "annotations": {"pilothouse.dev/application-uid": "uid-1", "pilothouse.dev/incarnation": "0"},
        "ownerReferences": [{"kind": "ReplicaSet", "controller": True}],
        "managedFields": [
            {
                "manager": "pilothouse",
                "operation": "Apply",
                "fieldsV1": {"f:spec": {"f:replicas": {}, "f:list": {'k:{"name":"a"}': {".": {}}, "v:1": {}}}},
            }
        ],
    },
    "spec": {"replicas": 2, "list": [{"name": "a"}]},
    "status": {
        "observedGeneration": 2,
        "replicas": 2,
        "availableReplicas": 2,
        "conditions": [{"type": "Available", "status": "True", "reason": "", "message": ""}],
    },
}
_KINDS: Final = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Pod",
    "Service",
    "HTTPRoute",
)
_STATUS: Final[Mapping[str, Any]] = {
    "kind": "Status",
    "reason": "Invalid",
    "code": 422,
    "message": "failed to create typed patch object (shop/a; v1, Kind=A): .spec.x: expected string",
    "details": {"name": "a", "kind": "namespaces", "retryAfterSeconds": 1, "causes": [{"field": "a", "reason": "b"}]},
}


def _answers(random: Random) -> None:
    """Read refusals, listings, watches and what kinds there are."""
    body = damaged(_STATUS, random, 0.2)
    status = random.choice((400, 401, 403, 404, 409, 410, 415, 422, 429, 500, 504, 0, 999))
    assert str(error_of(_ASKED, Answer(status, body if isinstance(body, dict) else {})))
    page = {"metadata": {"resourceVersion": "1", "continue": ""}, "items": [dict(_OBJECT)] * 2}
    line = {
        "type": random.choice(("ADDED", "BOOKMARK", "ERROR", text(random))),
        "object": random.choice((_OBJECT, _STATUS)),
    }
    kinds = [{"kind": "ConfigMap", "name": "configmaps", "namespaced": True}]
    rate = random.choice((0.02, 0.3))
    readings: tuple[Callable[[], object], ...] = (
        lambda: client._page(damaged(page, random, rate), _SELECTION),
        lambda: client._event(_ASKED, damaged(line, random, rate)),
        lambda: client._check(damaged(_OBJECT, random, rate)),
        lambda: discovery._endpoints("v1", damaged(kinds, random, rate)),
    )
    for reading in readings:
        with _told(), understood(_ASKED.told):
            reading()


def _objects(random: Random) -> None:
    """Read an object of any kind, as a look does, and as an informer does with what passed the client."""
    kind = KubernetesObject("Deployment", "apps/v1")
    found = damaged(_of_any_kind(random), random, random.choice((0.02, 0.2)))

    async def send(call: Call) -> Any:
        return found

    with _told():
        asyncio.run(run(kind.read("apps/v1/Deployment/shop/a"), send))


def _health(random: Random) -> None:
    """Health is asked of objects whose schema an API server holds them to: only what it leaves open is damaged."""
    found = _of_any_kind(random)
    status = {key: value for key, value in found["status"].items() if random.random() < 0.7}
    health({**found, "status": random.choice((status, {}))})


def _of_any_kind(random: Random) -> dict[str, Any]:
    version = random.choice(("v1", "apps/v1", "batch/v1", "gateway.networking.k8s.io/v1", "example.org/v1"))
    return {**_OBJECT, "apiVersion": version, "kind": random.choice(_KINDS)}


_KUBECONFIG: Final[Mapping[str, Any]] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "shop"}}],
    "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:9", "certificate-authority-data": "YQ=="}}],
    "users": [{"name": "a", "user": {"token": "t", "client-certificate-data": "YQ==", "client-key-data": "YQ=="}}],
}


def _yaml(random: Random) -> str:
    """A kubeconfig as YAML: damaged, cut off, or of what YAML can do and nobody needs."""
    whole = yaml.safe_dump(damaged(_KUBECONFIG, random, random.choice((0.0, 0.05, 0.3))), allow_unicode=True)
    bombs = (
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(20)),
        "&a [*a]",
        "[" * 20_000,
        "!!python/name:os.system",
        "a: !!binary %",
        "\t",
        "2001-99-99",
    )
    cut = whole[: random.randint(0, len(whole))]
    return random.choice((whole, cut, random.choice(bombs), text(random)))


def _kubeconfig_of_cell(random: Random) -> None:
    """Read the Secret of a Cell, and then what is in it."""

    class Home:
        async def secret(self, name: str) -> Mapping[str, str]:
            written = _yaml(random).encode("utf-8", "surrogatepass")
            return random.choice(({"kubeconfig": base64.b64encode(written).decode()}, {"kubeconfig": text(random)}, {}))

    async def read() -> None:
        opened = connecting.Connections(None, Home(), None)  # type: ignore[arg-type]
        parsed = await opened._kubeconfig(SecretKeyRef(name="a"))
        connecting.identity_of("a", parsed)
        await credentials.by_kubeconfig("a", parsed)

    with _told():
        asyncio.run(read())


def _kubeconfig_of_person(random: Random) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_bytes(_yaml(random).encode("utf-8", "surrogatepass"))
        with _told():
            kubeconfig.load(Flags(kubeconfig=str(path)))


def _credentials(random: Random) -> None:
    data = {key: text(random) for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "a")}
    kept = {key: value for key, value in data.items() if random.random() < 0.8}
    written = {key: random.choice((value, _base64(value))) for key, value in kept.items()}
    with _told():
        AccessKey.from_secret("keys", connecting._decoded("keys", written))


def _signing(random: Random) -> None:
    with suppress(ValueError):
        webhooks.key_of(random.choice((text(random), f"whsec_{text(random)}", f"whsec_{_base64('k' * 32)}")))


def _annotations(random: Random) -> None:
    notes = damaged({"pilothouse.dev/retry": text(random), "pilothouse.dev/replace": text(random) * 50}, random)
    application = {"metadata": {"annotations": notes if isinstance(notes, dict) else None}}
    assert len(requests.retry(application)) <= 64
    assert len(requests.replacements(application)) <= 20


def _shown(random: Random) -> None:
    """Read what the plugin reads; that it shows it harmlessly is tested with the plugin."""
    rate = random.choice((0.01, 0.1))
    for read, sample in ((objects.application, samples.APPLICATION), (objects.plan, samples.PLAN)):
        raw = damaged(sample, random, rate)
        with _told():
            read(raw if isinstance(raw, dict) else {})


def _refusals(random: Random) -> None:
    content = json.dumps(damaged(_STATUS, random, 0.2), default=str).encode()
    cut = content[: random.randint(0, len(content))]
    asked = refusals.Request("get", "applications", "shop", "checkout")
    found = refusals.error(
        asked, random.choice((401, 403, 404, 409, 500)), random.choice((content, cut, b"\xff")), "https://a"
    )
    assert isinstance(found, PluginError)
    assert str(found)


def _base64(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()


@contextmanager
def _told() -> Iterator[None]:
    """Let pass what parsers promise to raise, if it can be told."""
    try:
        yield
    except (DataplaneError, PluginError) as error:
        str(error).encode("utf-8", "backslashreplace")
