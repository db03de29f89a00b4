"""What of a Kubernetes object nobody may see: data of Secrets, literals of environment variables, `Sensitive` texts.

Plans, status and error messages are read by more people than Secrets are, and an API server quotes what it refuses.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pilothouse.dataplane.types import Sensitive

HIDDEN: Final = "(sensitive)"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
SECRET_FIELDS: Final = ("data", "stringData")

# env[name=A].value of containers, and env.A or env[A.B] where a custom resource has a map of them.
_ENV_LITERAL = re.compile(r"(^|\.)env(\[[^\]]*\]\.value|\.[^.\[]+|\[[^=\]]*\])$")
_LONGEST_SHOWN = 256
_SHORTEST_SEARCHED = 4


def shown_at(kind: str, path: str, value: Any) -> Any:
    """Return the value of `path` in an object of `kind` as Plans may show it: secrets hidden, long texts cut."""
    if value is None:
        return None
    if _is_secret(kind, path):
        return HIDDEN
    return _cut(_without_literals(value))


def literals(manifest: Any) -> frozenset[str]:
    """Return every sensitive text in a manifest, so that it can be struck from what is said about the manifest."""
    return frozenset(text for text in _literals(manifest) if text)


def encoded(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a Secret with its `stringData` moved into `data`, where the API server keeps it; anything else as it is.

    The API server records no owner for what came by `stringData`, so a change of it could neither be seen nor undone.
    """
    if manifest.get("kind") != "Secret" or "stringData" not in manifest:
        return manifest
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    texts = {key: base64.b64encode(str(text).encode()).decode() for key, text in (manifest["stringData"] or {}).items()}
    return {**rest, "data": {**(manifest.get("data") or {}), **texts}}


def struck(message: str, secrets: frozenset[str]) -> str:
    """Return `message` without the texts of `secrets`; the shortest are struck only where they are quoted."""
    for secret in sorted(secrets, key=lambda text: (-len(text), text)):
        if len(secret) >= _SHORTEST_SEARCHED:
            message = message.replace(secret, HIDDEN)
        else:
            quoted = re.compile(rf'(?<="){re.escape(secret)}(?=")|(?<=Value:){re.escape(secret)}(?=\}})')
            message = quoted.sub(HIDDEN, message)
    return message


def _is_secret(kind: str, path: str) -> bool:
    if kind == "Secret" and path.startswith(SECRET_FIELDS):
        return True
    return LAST_APPLIED in path or _ENV_LITERAL.search(path) is not None


def _without_literals(value: Any) -> Any:
    match value:
        case Sensitive():
            return HIDDEN
        case Mapping():
            return {key: _env(item) if key == "env" else _without_literals(item) for key, item in value.items()}
        case list():
            return [_without_literals(item) for item in value]
        case _:
            return value


def _env(value: Any) -> Any:
    match value:
        case list():
            return [_env_entry(entry) for entry in value]
        case Mapping():
            return dict.fromkeys(value, HIDDEN)
        case _:
            return HIDDEN


def _env_entry(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return HIDDEN
    return {key: HIDDEN if key == "value" else item for key, item in entry.items()}


def _cut(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return value if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text)} characters)"


def _literals(value: Any) -> Iterator[str]:
    match value:
        case Sensitive():
            yield str(value)
        case Mapping():
            if value.get("kind") == "Secret":
                yield from _secret_data(value)
            for key, item in value.items():
                yield from _env_literals(item) if key == "env" else _literals(item)
        case list() | tuple():
            for item in value:
                yield from _literals(item)
        case _:
            pass


def _env_literals(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from map(str, value.values())
    for entry in value if isinstance(value, list) else ():
        yield str(entry.get("value", "") if isinstance(entry, Mapping) else entry)


def _secret_data(secret: Mapping[str, Any]) -> Iterator[str]:
    for field in SECRET_FIELDS:
        for item in (secret.get(field) or {}).values():
            yield str(item)
            if field == "data":
                yield _decoded(str(item))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
