"""What only readers of Secrets may see, and that it turns up nowhere else: values are planted, then looked for.

They are looked for in everything that the operator writes: Plans, status, Events, ConfigMaps, its log and its metrics,
of every namespace, for what is told of one tenant can be read by another.
"""

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

KNOWN: Final[dict[str, str]] = {}
"""Every secret value of this run, and what it is. Those that have gone must not be told either."""
_OURS: Final = "/apis/pilothouse.dev/v1alpha1"
_WRITTEN: Final = {
    "plans": f"{_OURS}/plans",
    "events": "/api/v1/events",
    "configmaps": "/api/v1/configmaps?labelSelector=pilothouse.dev/control-plane",
}
_WITH_STATUS: Final = {kind: f"{_OURS}/{kind}" for kind in ("applications", "cells", "fleetpolicies")}
_PUBLIC: Final = {"aws_access_key_id", "kubeconfig"}
"""Keys of Secrets in the operator's namespace that are no secrets, or have them inside."""


def planted(what: str) -> str:
    """A value that nobody may see but readers of Secrets."""
    value = f"planted-{secrets.token_hex(10)}"
    KNOWN[value] = what
    return value


def take_note(stage: "Stage") -> None:
    """Remember what there is by now in Secrets that nobody planted: passwords, keys, tokens."""
    for each in stage.items("secrets"):
        for key, value in (each.get("data") or {}).items():
            if key.endswith("PASSWORD"):
                KNOWN.setdefault(_plain(value), f"{key} of Secret {each['metadata']['name']}")
    for each in stage.within(stage.operator.namespace).items("secrets"):
        for key, value in (each.get("data") or {}).items():
            if each["type"] == "Opaque" and key not in _PUBLIC:
                KNOWN.setdefault(_plain(value), f"{key} of Secret {each['metadata']['name']}")
    for user in yaml.safe_load(stage.operator.kubeconfig.read_text())["users"]:
        KNOWN[user["user"]["token"]] = "the operator's own token"
    KNOWN[stage.cluster.token] = "the token in kubeconfigs of Cells"


def leaks(stage: "Stage") -> list[str]:
    """Say what is told where it must not be; empty when nothing is."""
    take_note(stage)
    forms = [(what, form) for value, what in KNOWN.items() for form in (value, encoded(value))]
    return [f"{what} is in {where}" for where, text in told(stage) for what, form in forms if form in text]


def told(stage: "Stage") -> Iterator[tuple[str, str]]:
    """Everything that the operator wrote, and where it stands."""
    for kind, path in _WRITTEN.items():
        for each in stage.api.get(path)["items"]:
            yield f"{kind}/{each['metadata']['name']}", json.dumps(each)
    for kind, path in _WITH_STATUS.items():
        for each in stage.api.get(path)["items"]:
            yield f"the status of {kind}/{each['metadata']['name']}", json.dumps(each.get("status", {}))
    yield "the log", stage.operator.log.read_text()
    with suppress(OSError, HTTPException):  # it may be killed by now
        yield "the metrics", stage.operator.metrics()


def _plain(value: str) -> str:
    """Decode a value of a Secret; bytes that are no text stay as they are written."""
    try:
        return base64.b64decode(value).decode()
    except UnicodeDecodeError:
        return value


def encoded(value: str) -> str:
    """The value as `data` of a Secret has it."""
    return base64.b64encode(value.encode()).decode().rstrip("=")
