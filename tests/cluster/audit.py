"""What the API server writes down about requests of ServiceAccounts, in a cluster that was started with `audited`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

POLICY: Final = Path(__file__).with_name("audit.yaml")


@dataclass(frozen=True)
class Request:
    """One request that was answered. verb: as RBAC says it; resource: plural[/subresource][.group], empty for a path.

    namespace: empty for what lives in none, and for a listing of all.
    """

    verb: str
    resource: str
    namespace: str
    path: str
    status: int

    @property
    def was_forbidden(self) -> bool:
        """Whether RBAC or an admission policy refused it."""
        return self.status == HTTPStatus.FORBIDDEN

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that it needed: an apply that makes the object needs `create` besides `patch`."""
        made = self.verb == "patch" and self.status == HTTPStatus.CREATED
        return (self.verb, "create") if made else (self.verb,)


def requests(log: Path, user: str) -> Iterator[Request]:
    """Everything that `user` asked for so far, the oldest first; of a watch, its beginning and its end."""
    with log.open() as lines:
        for line in lines:
            event = json.loads(line)
            if event["user"]["username"] == user:
                yield _request(event)


def _request(event: Mapping[str, Any]) -> Request:
    found = event.get("objectRef", {})
    parts = [found.get("resource", ""), found.get("subresource", "")]
    resource, group = "/".join(part for part in parts if part), found.get("apiGroup", "")
    named = f"{resource}.{group}" if group else resource
    namespace = found.get("namespace", "")
    return Request(event["verb"], named, namespace, event["requestURI"], event["responseStatus"]["code"])
