"""The API server, for a plugin that reads a few kinds and sets annotations."""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from kubernetes.client import ApiClient, ApiException
from urllib3 import HTTPHeaderDict

from pilothouse.api.meta import GROUP, VERSION
from pilothouse.cli import refusals
from pilothouse.cli.errors import ConnectionFailed
from pilothouse.cli.flags import Flags, seconds
from pilothouse.cli.kubeconfig import load
from pilothouse.cli.objects import Meta

FIELD_MANAGER: Final = "kubectl-pilothouse"
PAGE: Final = 500
DEFAULT_TIMEOUT: Final = "30s"
PEER: Final = re.compile(r"^\w+\(host=[^)]*\): ")
"""How urllib3 begins its messages; ours name the server already."""


class Cluster:
    """Requests to one API server as one person, until the `with` block ends. Raises PluginError and nothing else."""

    def __init__(self, flags: Flags) -> None:
        configuration, self.namespace = load(flags)
        if not configuration.verify_ssl:
            urllib3.disable_warnings()  # the kubeconfig says so itself: insecure-skip-tls-verify
        self._host = str(configuration.host)
        self._client = ApiClient(configuration)
        self._timeout = seconds(flags.request_timeout or DEFAULT_TIMEOUT)
        self._flags = flags

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        """Return an object as `kubectl get` prints it, without its managedFields; raises NotFound."""
        return _without_managers(self._request("GET", refusals.Request("get", plural, namespace, name)))

    def list(self, plural: str, namespace: str, selector: str = "") -> Iterator[dict[str, Any]]:
        """Yield the objects of a namespace, or of all when `namespace` is empty, page by page.

        selector: the labels that they must have.
        """
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        while True:
            page = self._request("GET", refusals.Request("list", plural, namespace), query)
            yield from map(_without_managers, page.get("items", ()))
            more = page.get("metadata", {}).get("continue")
            if not more:
                return
            query["continue"] = more

    def annotate(self, plural: str, read: Meta, annotations: Mapping[str, str], *, as_read: bool = True) -> None:
        """Set annotations on an object; raises Conflict if it is a namesake, or `as_read`, if it has changed since."""
        request = refusals.Request("patch", plural, read.namespace, read.name)
        seen = {"uid": read.uid} | ({"resourceVersion": read.resource_version} if as_read else {})
        body = {"metadata": {**seen, "annotations": dict(annotations)}}
        self._request("PATCH", request, {"fieldManager": FIELD_MANAGER}, body)

    def _request(
        self, method: str, request: refusals.Request, query: Mapping[str, str] | None = None, body: Any = None
    ) -> dict[str, Any]:
        url = f"{self._host}{_path(request)}?{urlencode(query or {})}"
        try:
            response = self._client.call_api(method, url, self._headers(body), body, None, self._timeout)
            status, content = response.status, bytes(response.read() or b"")  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise ConnectionFailed(self._unanswered(error)) from error
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise refusals.error(request, status, content, server=self._host)
        return _decoded(content, url)

    def _headers(self, body: Any) -> HTTPHeaderDict:
        """Return the headers of a request; a group to act as has a header of its own each."""
        headers = HTTPHeaderDict({"Accept": "application/json", "User-Agent": FIELD_MANAGER})
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        if self._flags.impersonate:
            headers["Impersonate-User"] = self._flags.impersonate
        for group in self._flags.impersonate_groups:
            headers.add("Impersonate-Group", group)
        self._client.update_params_for_auth(headers, [], ["BearerToken"], "", "", body)
        return headers

    def _unanswered(self, error: Exception) -> str:
        reason = PEER.sub("", str(getattr(error, "reason", "") or error).split("\n")[-1])
        return (
            f"cluster {urlsplit(self._host).netloc}: no answer: {reason}: "
            "check that it is up and that --context, --kubeconfig and --request-timeout are as you mean them"
        )


def _path(request: refusals.Request) -> str:
    scope = f"/namespaces/{quote(request.namespace, safe='')}" if request.namespace else ""
    name = f"/{quote(request.name, safe='')}" if request.name else ""
    root = "/api/v1" if request.plural == "namespaces" else f"/apis/{GROUP}/{VERSION}"
    return f"{root}{scope}/{request.plural}{name}"


def _without_managers(stored: dict[str, Any]) -> dict[str, Any]:
    stored.get("metadata", {}).pop("managedFields", None)
    return stored


def _decoded(content: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise ConnectionFailed(f"{url}: the answer is not JSON: is this a Kubernetes API server?") from error
    if not isinstance(answer, dict):
        raise ConnectionFailed(f"{url}: the answer is no object: is this a Kubernetes API server?")
    return answer
