"""The control paths beside the cloud, in JSON: how a test reads the journal, injects faults and starts afresh."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.aws.app import Cloud
from tests.aws.faults import Fault
from tests.aws.inventory import live_resources
from tests.aws.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/_control/"


@dataclass
class Controlled:
    """The cloud with its control paths.

    `GET journal counts failures resources`, `POST faults settings transitions reset`, `DELETE faults failures`.
    """

    cloud: Cloud

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a control request, or hand anything else to the cloud."""
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return self.cloud(environ, start_response)
        wanted = f"{environ['REQUEST_METHOD']} {path.removeprefix(PREFIX)}"
        body = json.loads(environ["wsgi.input"].read() or b"null")
        try:
            status, result = 200, self._actions()[wanted](body)
        except KeyError:
            status, result = 404, {"error": f"no control path {wanted!r}; there are: {', '.join(self._actions())}"}
        except (TypeError, ValueError) as error:
            status, result = 400, {"error": str(error)}
        start_response(f"{status} -", [("Content-Type", "application/json")])
        return [json.dumps(result, default=str).encode()]

    def _actions(self) -> dict[str, Callable[[Any], object]]:
        cloud = self.cloud
        return {
            "GET journal": lambda _: cloud.journal.as_json(),
            "GET counts": lambda _: dict(cloud.journal.counts),
            "GET failures": lambda _: list(cloud.journal.failures),
            "GET resources": lambda _: self._resources(),
            "POST faults": lambda body: cloud.inject(Fault(**body)),
            "POST settings": lambda body: cloud.configure(**body),
            "POST transitions": lambda _: cloud.world.hurry(),
            "POST reset": lambda _: cloud.reset(),
            "DELETE faults": lambda _: cloud.clear_faults(),
            "DELETE failures": lambda _: cloud.journal.failures.clear(),
        }

    def _resources(self) -> list[dict[str, Any]]:
        with self.cloud.lock:
            if self.cloud.world.settle():
                self.cloud.repeats.changed()
            return live_resources()


def application(settings: Settings) -> WSGIApplication:
    """The emulated cloud and its control paths as one WSGI application."""
    return Controlled(Cloud(settings))
