"""Where the objects of a kind are found: its plural, and whether it has namespaces, as the API server says."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pilothouse.dataplane.errors import Invalid, NotFound
from pilothouse.dataplane.kubernetes.answers import Asked, UnknownKind
from pilothouse.dataplane.understood import understood

FORGOTTEN_AFTER: Final = 10.0
"""Seconds before a kind that the server did not know is asked for again: its definition may be there by then."""

_MEND: Final = "Mend apiVersion or kind, or install the CustomResourceDefinition."
_INSTALLED_WHOLE: Final = {
    "gateway.networking.k8s.io": "Install the Gateway API in that cluster, or expose the Service by an Ingress.",
}
"""Groups that people know by another name than that of a kind."""
_API_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]+")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the objects of one kind are."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, asked: Asked, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path of one object, or of the collection when `name` is empty; raises Invalid for a wrong name."""
        if namespace and not self.namespaced:
            mend = "An Application may hold only objects that live in a namespace."
            raise Invalid(asked.told(f"objects of kind {self.kind} live in no namespace", mend))
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise Invalid(asked.told(f"metadata.namespace: {namespace!r} is no name of a namespace"))
        if name in (".", "..") or "/" in name or "%" in name:
            raise Invalid(asked.told(f"metadata.name: {name!r} must not be '.' or '..', nor hold '/' or '%'"))
        place = f"/namespaces/{namespace}" if namespace else ""
        item = "".join(f"/{quote(part)}" for part in (name, subresource) if part)
        return f"{root(self.api_version)}{place}/{self.plural}{item}"


def root(api_version: str) -> str:
    """Return the path of an apiVersion."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


class Discovery:
    """The kinds of one cluster, asked for once an apiVersion and kept until one turns out to be gone."""

    def __init__(self, fetch: Callable[[Asked, str], Awaitable[Any]]) -> None:
        self._fetch = fetch
        self._known: dict[str, Mapping[str, Endpoint]] = {}
        self._asked_at: dict[str, float] = {}
        self._asking = asyncio.Lock()

    async def endpoint(self, asked: Asked, api_version: str, kind: str) -> Endpoint:
        """Return where objects of a kind are. Raises Invalid for a kind that the cluster does not know."""
        found = self._known.get(api_version, {}).get(kind)
        if found is None:
            found = (await self._ask(asked, api_version, kind)).get(kind)
        if found is None:
            others = ", ".join(sorted(self._known.get(api_version, ()))) or "nothing"
            mend = _INSTALLED_WHOLE.get(api_version.partition("/")[0], f"It knows {others} there. {_MEND}")
            raise UnknownKind(asked.told(f"the cluster knows no kind {kind!r} in apiVersion {api_version!r}", mend))
        return found

    def forget(self, api_version: str) -> None:
        """Ask again next time."""
        self._known.pop(api_version, None)
        self._asked_at.pop(api_version, None)

    async def _ask(self, asked: Asked, api_version: str, kind: str) -> Mapping[str, Endpoint]:
        if not _API_VERSION.fullmatch(api_version):
            raise Invalid(asked.told(f"apiVersion: expected such as v1 or apps/v1, found {api_version!r}"))
        async with self._asking:
            now, known = asyncio.get_running_loop().time(), self._known.get(api_version, {})
            if kind in known or now - self._asked_at.get(api_version, float("-inf")) < FORGOTTEN_AFTER:
                return known
            try:
                listed = await self._fetch(asked, root(api_version))
            except (NotFound, UnknownKind):
                listed = {"resources": []}
            with understood(asked.told):
                self._known[api_version] = _endpoints(api_version, listed["resources"])
            self._asked_at[api_version] = now
            return self._known[api_version]


def _endpoints(api_version: str, listed: list[dict[str, Any]]) -> dict[str, Endpoint]:
    """Read an APIResourceList; entries with a slash, such as pods/log, are subresources."""
    return {
        entry["kind"]: Endpoint(api_version, entry["kind"], entry["name"], entry["namespaced"])
        for entry in listed
        if "/" not in entry["name"]
    }
