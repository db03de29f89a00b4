"""What we ask of a cluster: objects of any kind by get, list, watch, apply, patch and delete."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from pilothouse.api.meta import FIELD_MANAGER
from pilothouse.dataplane.errors import Invalid, OutcomeUnknown, Unreadable
from pilothouse.dataplane.kubernetes import credentials
from pilothouse.dataplane.kubernetes.answers import Answer, Asked, UnknownKind, error_of
from pilothouse.dataplane.kubernetes.connection import REQUEST_SECONDS, Body, Connection
from pilothouse.dataplane.kubernetes.discovery import Discovery, Endpoint
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.kubernetes.types.sensitive import encoded
from pilothouse.dataplane.types import Call
from pilothouse.dataplane.understood import understood

Object = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
Propagation = Literal["Background", "Foreground", "Orphan"]

PAGE: Final = 250
"""Objects of a page; a page is in memory whole."""

_OURS: Final = {"fieldManager": FIELD_MANAGER}
_DRY_RUN: Final = {"dryRun": "All"}
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_JSON_PATCH: Final = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a listing, each with apiVersion and kind, and the resource version of the whole listing."""

    items: list[Object]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Event:
    """A change that a watch saw. A bookmark's object has only kind and metadata.resourceVersion."""

    type: EventType
    object: Object


class KubernetesProvider:
    """One cluster. Every method raises errors of `dataplane.errors` (and their kinds in `answers`) and nothing else.

    cell: how messages name it. Use it as an async context manager, or call `close`.
    """

    def __init__(self, cell: str, connection: Connection) -> None:
        self.cell = cell
        self._connection = connection
        self._discovery = Discovery(lambda asked, path: connection.request(asked, "GET", path))

    @classmethod
    async def connect(
        cls,
        cell: str,
        kubeconfig: Path | Mapping[str, Any] | None = None,
        context: str = "",
        request_seconds: float = REQUEST_SECONDS,
    ) -> Self:
        """Return a provider for the cluster of a kubeconfig (file or parsed content), or for the pod's own cluster.

        Nothing is asked of the cluster yet. Raises Invalid or Denied for credentials that are wrong.
        """
        if kubeconfig is None:
            found = credentials.in_cluster(cell)
        else:
            found = await credentials.by_kubeconfig(cell, kubeconfig, context)
        try:
            return cls(cell, Connection(found, request_seconds))
        except (OSError, ValueError) as error:
            raise Invalid(f"cell {cell}: certificates of the kubeconfig: {error}. Mend them.") from error

    async def __aenter__(self) -> Self:
        """Enter; `close` follows at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._connection.close()

    async def get(self, identifier: ObjectID) -> Object:
        """Return an object. Raises NotFound when there is none."""
        return await self._call(self._asked("get", identifier), "GET", identifier, {})

    async def list_pages(self, selection: Selection, limit: int = PAGE) -> AsyncGenerator[Page, None]:
        """Yield a listing page by page, as of one moment. Raises Expired when that moment was too long ago."""
        asked = Asked(self.cell, f"list {selection}")
        endpoint = await self._discovery.endpoint(asked, selection.api_version, selection.kind)
        path, query = endpoint.path(asked, selection.namespace), {**_selectors(selection), "limit": str(limit)}
        while True:
            reply = await self._request(asked, endpoint, "GET", path, query)
            with understood(asked.told):
                page, rest = _page(reply, selection)
            yield page
            if not rest:
                return
            query["continue"] = rest

    async def watch(
        self,
        selection: Selection,
        resource_version: str,
        stream_seconds: float,
        silence_seconds: float,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[Event, None]:
        """Yield changes after `resource_version`, with bookmarks, until the server ends the stream.

        stream_seconds: when the server is to end it. silence_seconds: how long it may say nothing, bookmarks come about
        every minute. opened: called when the server has agreed to tell. Raises Expired when the server no longer
        remembers the version: list anew.
        """
        asked = Asked(self.cell, f"watch {selection}")
        endpoint = await self._discovery.endpoint(asked, selection.api_version, selection.kind)
        query = {
            **_selectors(selection),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(max(1, int(stream_seconds))),
        }
        path = endpoint.path(asked, selection.namespace)
        async with aclosing(self._connection.stream(asked, path, query, silence_seconds, opened)) as events:
            async for line in events:
                with understood(asked.told):
                    event = _event(asked, line)
                yield event

    async def create(self, body: Object) -> Object:
        """Make an object and return it. Raises Conflict when one of its name exists."""
        identifier = self._named(body)
        asked = self._asked("create", identifier, body)
        endpoint = await self._discovery.endpoint(asked, identifier.api_version, identifier.kind)
        path = endpoint.path(asked, identifier.namespace)
        return _object(asked, await self._request(asked, endpoint, "POST", path, _OURS, Body(body)), stored=True)

    async def apply(self, manifest: Mapping[str, Any], *, force: bool = True, dry_run: bool = False) -> Object:
        """Apply a manifest on the server's side and return the object, as it is then or (`dry_run`) would be.

        force: take fields that others own; else they raise Conflict. A manifest with metadata.uid changes that very
        object or raises Conflict.
        """
        identifier = self._named(manifest)
        asked = self._asked("dry-run" if dry_run else "apply", identifier, manifest, has_effect=not dry_run)
        query = {**_OURS, "force": str(force).lower(), "fieldValidation": "Strict", **(_DRY_RUN if dry_run else {})}
        return await self._call(asked, "PATCH", identifier, query, Body(encoded(manifest), _APPLY))

    async def patch(
        self, identifier: ObjectID, patch: Mapping[str, Any], *, subresource: str = "", resource_version: str = ""
    ) -> Object:
        """Merge `patch` into an object and return it.

        resource_version: the version that was read; when the object has another by now, Conflict is raised.
        """
        if resource_version:
            patch = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": resource_version}}
        asked = self._asked("patch", identifier, patch)
        return await self._call(asked, "PATCH", identifier, _OURS, Body(patch, _MERGE), subresource)

    async def replace(self, body: Object, *, subresource: str = "") -> Object:
        """Put `body` in the place of the object of its name, or of one subresource of it, and return what is stored.

        Raises Conflict when it has another metadata.resourceVersion by now, or is gone.
        """
        identifier = self._named(body)
        return await self._call(
            self._asked("replace", identifier, body), "PUT", identifier, _OURS, Body(body), subresource
        )

    async def json_patch(
        self, identifier: ObjectID, operations: Sequence[Mapping[str, Any]], *, subresource: str = ""
    ) -> Object:
        """Apply the operations of a JSON patch (RFC 6902), all or none. A `test` that fails raises Invalid."""
        asked = self._asked("patch", identifier, operations)
        return await self._call(asked, "PATCH", identifier, _OURS, Body(operations, _JSON_PATCH), subresource)

    async def delete(
        self,
        identifier: ObjectID,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: Propagation = "Background",
    ) -> None:
        """Begin the deletion of an object. Raises NotFound, and Conflict when it has another UID or version."""
        expected = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {name: value for name, value in expected.items() if value}
        options = {"propagationPolicy": propagation, "preconditions": preconditions}
        await self._call(self._asked("delete", identifier, options), "DELETE", identifier, {}, Body(options))

    async def send(self, call: Call) -> Any:
        """Send a call of `types.objects`: get, apply, dryRun, patch or delete. Raises Invalid for any other."""
        options = call.parameters
        match call.operation:
            case "apply" | "dryRun":
                manifest, dry_run = self._needed(call, "manifest"), call.operation == "dryRun"
                return await self.apply(manifest, force=bool(options.get("force", True)), dry_run=dry_run)
            case "get":
                return await self.get(self._identifier(call))
            case "patch":
                return await self.patch(self._identifier(call), self._needed(call, "patch"))
            case "delete":
                propagation = options.get("propagationPolicy", "Background")
                return await self.delete(self._identifier(call), uid=options.get("uid", ""), propagation=propagation)
            case _:
                raise Invalid(f"cell {self.cell}: there is no operation {call.operation!r} of service kubernetes")

    async def pages(self, call: Call) -> AsyncGenerator[Any, None]:
        """Send a `list` call and yield its pages, each with `items`."""
        api_version, kind = self._needed(call, "apiVersion"), self._needed(call, "kind")
        options = call.parameters
        selection = Selection(api_version, kind, options.get("namespace", ""), options.get("labelSelector", ""))
        async with aclosing(self.list_pages(selection)) as pages:
            async for page in pages:
                yield {"items": page.items}

    def _asked(self, verb: str, identifier: ObjectID, sent: Any = None, *, has_effect: bool | None = None) -> Asked:
        effective = sent is not None if has_effect is None else has_effect
        return Asked(self.cell, f"{verb} {identifier.title}", effective, sent)

    def _named(self, manifest: Mapping[str, Any]) -> ObjectID:
        try:
            return ObjectID.of(manifest)
        except (KeyError, TypeError, AttributeError) as error:
            raise Invalid(
                f"cell {self.cell}: a manifest needs apiVersion, kind and metadata.name: no {error}"
            ) from error

    def _needed(self, call: Call, parameter: str) -> Any:
        if parameter not in call.parameters:
            raise Invalid(f"cell {self.cell}: {call.service} {call.operation}: the call lacks {parameter!r}")
        return call.parameters[parameter]

    def _identifier(self, call: Call) -> ObjectID:
        api_version, kind, name = (self._needed(call, parameter) for parameter in ("apiVersion", "kind", "name"))
        return ObjectID(api_version, kind, call.parameters.get("namespace", ""), name)

    async def _call(
        self,
        asked: Asked,
        method: str,
        identifier: ObjectID,
        query: Mapping[str, str],
        body: Body | None = None,
        subresource: str = "",
    ) -> Object:
        endpoint = await self._discovery.endpoint(asked, identifier.api_version, identifier.kind)
        if endpoint.namespaced and not identifier.namespace:
            raise Invalid(asked.told("metadata.namespace: objects of this kind live in a namespace, and none is given"))
        path = endpoint.path(asked, identifier.namespace, identifier.name, subresource)
        reply = await self._request(asked, endpoint, method, path, query, body)
        return reply if method == "DELETE" else _object(asked, reply, stored="dryRun" not in query)

    async def _request(
        self,
        asked: Asked,
        endpoint: Endpoint,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Body | None = None,
    ) -> Any:
        try:
            return await self._connection.request(asked, method, path, query, body)
        except UnknownKind:
            self._discovery.forget(endpoint.api_version)
            raise


def _page(reply: Any, selection: Selection) -> tuple[Page, str]:
    """Read a page of a listing, and where the next one begins; empty for nowhere. What lacks items is none."""
    metadata, items = reply["metadata"], reply["items"] or []
    _version(reply)
    for item in items:
        item.setdefault("apiVersion", selection.api_version)
        item.setdefault("kind", selection.kind)
        _check(item)
    return Page(items, metadata["resourceVersion"]), metadata.get("continue", "")


def _event(asked: Asked, line: Any) -> Event:
    """Read a line of a watch; raises what an error in it means."""
    kind, about = line["type"], line["object"]
    if kind == "ERROR":
        raise error_of(asked, Answer(int(about.get("code") or 500), about))
    if kind == "BOOKMARK":
        _version(about)
    else:
        _check(about)
    return Event(kind, about)


def _object(asked: Asked, reply: Any, *, stored: bool) -> Object:
    """Return an object that the server answered with. What it did is not known if that makes no sense.

    stored: whether it is one that is stored, and so has a version; a dry run may answer with what would be made.
    """
    try:
        with understood(asked.told):
            _check_names(reply)
            _check_texts(reply["apiVersion"], reply["kind"])
            if stored:
                _version(reply)
    except Unreadable as error:
        if asked.has_effect:
            raise OutcomeUnknown(str(error)) from None
        raise
    found: Object = reply
    return found


def _check(item: Any) -> None:
    """Raise any error for what cannot be an object that an API server has stored."""
    _check_names(item)
    _version(item)


def _check_names(item: Any) -> None:
    metadata = item["metadata"]
    _check_texts(metadata["name"], metadata.get("namespace", ""))


def _check_texts(*names: Any) -> None:
    if not all(isinstance(name, str) for name in names):
        raise TypeError("objects are named by texts")


def _version(item: Any) -> int:
    return int(item["metadata"]["resourceVersion"])


def _selectors(selection: Selection) -> dict[str, str]:
    selectors = {"labelSelector": selection.label_selector, "fieldSelector": selection.field_selector}
    return {name: selector for name, selector in selectors.items() if selector}
