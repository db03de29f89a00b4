"""What the API server's refusals mean, and how to mend them."""

import json
from dataclasses import dataclass
from typing import Any, Final

from pilothouse.api.meta import GROUP
from pilothouse.cli.errors import Conflict, NotFound, PluginError, Refused

KINDS: Final = {
    "applications": "Application",
    "plans": "Plan",
    "cells": "Cell",
    "fleetpolicies": "FleetPolicy",
    "namespaces": "Namespace",
}
VIEWER: Final = "pilothouse-viewer"
EDITOR: Final = "pilothouse-editor"
APPROVER: Final = "pilothouse-approver"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: an API verb, and of what. An empty namespace is all of them, an empty name a list."""

    verb: str
    plural: str
    namespace: str
    name: str = ""

    @property
    def label(self) -> str:
        """Return what was asked about, as messages call it."""
        kind = KINDS[self.plural]
        if self.name:
            return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"
        return f"{kind}s in {f'namespace {self.namespace}' if self.namespace else 'all namespaces'}"


def error(request: Request, status: int, content: bytes, server: str) -> PluginError:
    """Return the error for an answer with HTTP code `status`; `content` is the body, a metav1.Status as a rule."""
    answer = _status(content)
    message = str(answer.get("message") or content.decode(errors="replace")).strip()
    match status:
        case 401:
            return Refused(
                f"cluster {server}: it does not know who you are ({message}): "
                "log in again, or choose another user with --context or --user"
            )
        case 403 | 422 if request.verb == "patch" and request.plural == "applications":
            return Refused(
                f"{request.label}: you may not ask that of it: {message}: asking needs the verb patch on "
                f"applications.{GROUP}, which the ClusterRole {EDITOR} gives"
            )
        case 403 | 422 if request.verb == "patch" and request.plural == "cells":
            return Refused(
                f"{request.label}: you may not resume it: {message}: resuming needs the verb patch on "
                f"cells.{GROUP}, which whoever looks after Cells has"
            )
        case 403 | 422 if request.verb == "patch":
            return Refused(
                f"{request.label}: you may not approve it: {message}: approving needs the verbs patch and approve on "
                f"plans.{GROUP}, which the ClusterRole {APPROVER} gives"
            )
        case 403 if request.plural == "namespaces":
            return Refused(
                f"{request.label}: you may not {request.verb} them: {message}: who may use which Cell depends on the "
                "labels of namespaces: reading them needs the verb list on namespaces, which the ClusterRole view gives"
            )
        case 403:
            return Refused(
                f"{request.label}: you may not {request.verb} {request.plural}.{GROUP}: {message}: "
                f"reading needs the verb {request.verb}, which the ClusterRole {VIEWER} gives"
            )
        case 404 if not answer:
            return Refused(
                f"cluster {server}: the kinds of {GROUP} are not installed there: "
                "install the chart, or choose another cluster with --context"
            )
        case 404:
            return NotFound(f"{request.label}: there is none")
        case 409:
            return Conflict(f"{request.label}: it has changed meanwhile: look at it again")
        case _:
            return Refused(f"{request.label}: the API server answered {status} to {request.verb}: {message}")


def _status(content: bytes) -> dict[str, Any]:
    """Return the metav1.Status in an answer; empty for a plain text such as `404 page not found`."""
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}
