"""What a test acts on: one namespace, and everything it may ask about what becomes of the Applications in it."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from pilothouse.api.conditions import Condition
from tests.aws.server import AwsServer
from tests.cluster import ApiError, RunningCluster
from tests.cluster.api import Api
from tests.e2e import secrecy
from tests.e2e.seen import Object, Seen
from tests.operating import Operator

T = TypeVar("T")

PATIENCE_SECONDS: Final = 40.0
"""How long anything may take that is not about waiting: on two shared cores it takes a few seconds."""
CLEARED_SECONDS: Final = 120.0
"""How long the removal of what a test left may take: some leave two hundred queues."""
_LOOK_SECONDS: Final = 0.1
_NOT_FOUND: Final = 404
_OURS: Final = "/apis/pilothouse.dev/v1alpha1"
_ROOTS: Final = {
    **dict.fromkeys(("applications", "plans", "cells"), _OURS),
    **dict.fromkeys(("deployments", "statefulsets", "daemonsets"), "/apis/apps/v1"),
    **dict.fromkeys(("jobs", "cronjobs"), "/apis/batch/v1"),
    "widgets": "/apis/example.org/v1",
    "ingresses": "/apis/networking.k8s.io/v1",
    "httproutes": "/apis/gateway.networking.k8s.io/v1",
}
_CLUSTER_SCOPED: Final = ("cells", "nodes", "namespaces")


@dataclass(frozen=True)
class Stage:
    """The cluster, the cloud and the operator, seen from one namespace. Reads are single requests, writes kubectl's."""

    cluster: RunningCluster
    aws: AwsServer
    operator: Operator
    api: Api
    namespace: str

    def within(self, namespace: str) -> "Stage":
        """The same, seen from another namespace."""
        return Stage(self.cluster, self.aws, self.operator, self.api, namespace)

    def kubectl(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run kubectl in the namespace. Raises CommandError if it fails and `check` holds."""
        return self.cluster.kubectl(words[0], f"--namespace={self.namespace}", *words[1:], stdin=stdin, check=check)

    def plugin(self, *words: str) -> str:
        """Run `kubectl pilothouse ...` in the namespace; returns what it printed."""
        return self.cluster.kubectl("pilothouse", *words, f"--namespace={self.namespace}").stdout

    def apply(self, *manifests: Object, flags: tuple[str, ...] = ()) -> None:
        """Apply manifests as a person would; those without a namespace go into this one."""
        placed = [self._placed(manifest) for manifest in manifests]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": placed})
        self.cluster.kubectl("apply", "--filename=-", *flags, stdin=text)

    def refused(self, manifest: Object, *flags: str) -> str:
        """Apply a manifest that must be refused; returns what the person is told."""
        done = self.kubectl("apply", "--filename=-", *flags, stdin=json.dumps(self._placed(manifest)), check=False)
        assert done.returncode != 0, f"the API server took what it must refuse: {done.stdout}"
        return done.stderr

    def patch(self, what: str, name: str, patch: Object) -> None:
        """Merge a patch into an object. what: its kind as kubectl spells it, such as phapp."""
        self.kubectl("patch", what, name, "--type=merge", f"--patch={json.dumps(patch)}")

    def spec(self, name: str, **fields: object) -> None:
        """Change fields of an Application's spec."""
        self.patch("phapp", name, {"spec": fields})

    def items(self, plural: str) -> list[Object]:
        """Every object of a kind in the namespace."""
        found: list[Object] = self.api.get(self._path(plural))["items"]
        return found

    def find(self, plural: str, name: str) -> Object | None:
        """One object; None when there is none."""
        try:
            found: Object = self.api.get(f"{self._path(plural)}/{name}")
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return found

    def one(self, plural: str, name: str) -> Object:
        """One object, which must be there."""
        found = self.find(plural, name)
        assert found is not None, f"there is no {name} among {plural} of {self.namespace}"
        return found

    def seen(self, name: str = "checkout") -> Seen:
        """An Application as it is now."""
        return Seen(self.one("applications", name))

    def plan(self, name: str = "checkout") -> Object:
        """The active Plan of an Application, which must have one."""
        return self.one("plans", self.seen(name).status.plan.name)

    def plans(self, name: str = "checkout") -> list[Object]:
        """Every Plan of an Application that is kept, the oldest first."""
        mine = [plan for plan in self.items("plans") if plan["spec"]["applicationRef"]["name"] == name]
        return sorted(mine, key=lambda plan: int(plan["spec"]["revision"]))

    def reasons(self, name: str = "checkout") -> list[str]:
        """Why each of its Plans was made, the oldest first."""
        return [plan["spec"]["reason"] for plan in self.plans(name)]

    def events(self, name: str = "checkout") -> list[tuple[str, str]]:
        """Reason and message of every Event about an Application, in no order."""
        about = [event for event in self.items("events") if event["involvedObject"]["name"] == name]
        return [(event["reason"], event["message"]) for event in about]

    def until(self, what: str, probe: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
        """Return the first answer of `probe` that counts as true; AssertionError with all there is to know if none."""
        deadline = time.monotonic() + seconds
        while not (answer := probe()):
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s\n{self.describe()}"
            time.sleep(_LOOK_SECONDS)
        return answer

    def ready(self, name: str = "checkout", seconds: float = PATIENCE_SECONDS) -> Seen:
        """Wait until an Application is Ready as it is specified now."""

        def probe() -> Seen | None:
            seen = self.seen(name)
            return seen if seen.is_ready else None

        found = self.until(f"{name} is Ready", probe, seconds)
        secrecy.take_note(self)
        return found

    def stalled(self, reason: str, *told: str, name: str = "checkout") -> Condition:
        """Wait until an Application is Stalled for this reason, and says all of this.

        Returns its condition Ready, which tells people why.
        """

        def probe() -> Condition | None:
            seen = self.seen(name)
            stalled, ready = seen.condition("Stalled"), seen.condition("Ready")
            is_stalled = (stalled.status, ready.status, ready.reason) == ("True", "False", reason)
            return ready if is_stalled and all(part in ready.message for part in told) else None

        return self.until(f"{name} is Stalled with reason {reason} and tells {told}", probe)

    def gone(self, plural: str, name: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until an object is gone."""
        self.until(f"{name} among {plural} is gone", lambda: self.find(plural, name) is None, seconds)

    def delete(self, name: str = "checkout") -> None:
        """Delete an Application, without waiting."""
        self.kubectl("delete", "phapp", name, "--wait=false")

    def drop_cells(self, *names: str) -> None:
        """Delete Cells as soon as their status tells that nothing is in them."""

        def deleted() -> bool:
            return self.kubectl("delete", "phcell", *names, "--ignore-not-found", check=False).returncode == 0

        self.until(f"Cells {', '.join(names)} are not in use", deleted)

    def clear(self) -> None:
        """Delete every Application of the namespace, protected or not, and wait until they are gone."""
        for raw in self.items("applications"):
            name = raw["metadata"]["name"]
            if raw["spec"].get("deletionProtection"):
                self.spec(name, deletionProtection=False)
            self.kubectl("delete", "phapp", name, "--wait=false", "--ignore-not-found")
        self.until("every Application is gone", lambda: not self.items("applications"), CLEARED_SECONDS)

    def describe(self) -> str:
        """Everything that helps to understand why something did not come."""
        lines = [str(Seen(raw)) for raw in self.items("applications")]
        with suppress(OSError):
            lines.append(f"in the cloud: {[(each.type, each.id, each.state) for each in self.aws.live_resources()]}")
        return "\n".join([*lines, "the end of the operator's log:", self.operator.log_tail()])

    def _placed(self, manifest: Object) -> Object:
        metadata = manifest["metadata"]
        if manifest["kind"] in {"Cell", "FleetPolicy"} or metadata.get("namespace"):
            return manifest
        return {**manifest, "metadata": {**metadata, "namespace": self.namespace}}

    def _path(self, plural: str) -> str:
        root = _ROOTS.get(plural, "/api/v1")
        return f"{root}/{plural}" if plural in _CLUSTER_SCOPED else f"{root}/namespaces/{self.namespace}/{plural}"
