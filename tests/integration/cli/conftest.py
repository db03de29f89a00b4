"""The kinds installed, and objects as the operator would have written them: no operator runs here."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pilothouse.cli import commands
from pilothouse.cli.main import run
from tests.cluster.running import RunningCluster
from tests.unit.cli import samples

LATER = "2026-10-31T12:24:56Z"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Typed = Callable[..., Ended]
WhileAsking = Callable[[Callable[[], None]], None]


@dataclass(frozen=True)
class Objects:
    """The objects of one namespace, written as the operator would."""

    cluster: RunningCluster
    namespace: str

    def application(self, name: str = "checkout", **changes: Any) -> dict[str, Any]:
        """Create an Application like the sample, status included."""
        changes = {"spec__resources": samples.APPLICATION["spec"]["resources"][:1], **changes}
        return self._create(samples.changed(samples.APPLICATION, **changes), name)

    def plan(self, owner: Mapping[str, Any], name: str = samples.PLAN_NAME, **changes: Any) -> dict[str, Any]:
        """Create a Plan like the sample, for `owner`, status included."""
        reference = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        return self._create(samples.changed(samples.PLAN, spec__applicationRef=reference, **changes), name)

    def pair(self) -> dict[str, Any]:
        """Create the sample's Application and its active Plan; returns the Plan."""
        return self.plan(self.application())

    def status(self, kind: str, name: str, status: Mapping[str, Any]) -> None:
        """Merge into an object's status."""
        where = (f"--namespace={self.namespace}", "--subresource=status", "--type=merge")
        self.cluster.kubectl("patch", kind, name, *where, f"--patch={json.dumps({'status': status})}")

    def delete_plan(self) -> None:
        """Delete the sample's Plan, as a person might."""
        self.cluster.kubectl("delete", "plan", samples.PLAN_NAME, f"--namespace={self.namespace}")

    def approval(self, name: str = samples.PLAN_NAME) -> str | None:
        """The Plan's approval annotation."""
        return self.annotation("plan", name, "approved")

    def asked(self, what: str) -> str | None:
        """What the sample's Application is asked to do by the annotation `what`."""
        return self.annotation("application", "checkout", what)

    def annotation(self, kind: str, name: str, what: str) -> str | None:
        """An annotation of ours on an object."""
        shown = self.cluster.kubectl("get", kind, name, f"--namespace={self.namespace}", "--output=json")
        annotations: dict[str, str] = json.loads(shown.stdout)["metadata"].get("annotations", {})
        return annotations.get(f"pilothouse.dev/{what}")

    def _create(self, raw: dict[str, Any], name: str) -> dict[str, Any]:
        labels = raw["metadata"].get("labels", {})
        raw["metadata"] = {"name": name, "namespace": self.namespace, "labels": labels}
        stored = json.loads(
            self.cluster.kubectl("create", "--output=json", "--filename=-", stdin=json.dumps(raw)).stdout
        )
        status = raw.get("status", {})
        seen = {"observedGeneration": stored["metadata"]["generation"], "lastTransitionTime": LATER}
        status["conditions"] = [{**each, **seen} for each in status.get("conditions", ())]
        if raw["kind"] == "Application" and "observedGeneration" in status:
            status["observedGeneration"] = stored["metadata"]["generation"]
        self.status(raw["kind"], name, status)
        result: dict[str, Any] = stored
        return result


@pytest.fixture
def objects(kinds: RunningCluster, namespace: str) -> Objects:
    """Writes objects into the test's namespace."""
    return Objects(kinds, namespace)


@pytest.fixture
def cell(kinds: RunningCluster) -> Iterator[str]:
    """The name of a Cell whose breaker is closed."""
    name = f"sky-{secrets.token_hex(3)}"
    raw = {"apiVersion": "pilothouse.dev/v1alpha1", "kind": "Cell", "metadata": {"name": name}}
    kinds.kubectl("create", "--filename=-", stdin=json.dumps({**raw, "spec": {"kubernetes": {}}}))
    yield name
    kinds.kubectl("delete", "cell", name)


@pytest.fixture
def typed(kinds: RunningCluster, namespace: str, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command line in this process as the cluster's administrator, in the test's namespace."""

    def typed(*words: str) -> Ended:
        capsys.readouterr()
        code = run([f"--kubeconfig={kinds.kubeconfig}", f"--namespace={namespace}", *words])
        out, err = capsys.readouterr()
        return Ended(code, "\n".join(line.rstrip() for line in out.split("\n")).rstrip("\n"), err.rstrip("\n"))

    return typed


@pytest.fixture
def while_asking(monkeypatch: pytest.MonkeyPatch) -> WhileAsking:
    """Lets something happen between the question and its answer, which is yes."""

    def happening(event: Callable[[], None]) -> None:
        def answer(question: str) -> bool:
            del question
            event()
            return True

        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr(commands, "ask", answer)

    return happening
