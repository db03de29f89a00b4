"""What tests do with the chart: render, install, remove."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import RunningCluster

CHART = Path(__file__).resolve().parents[2] / "charts" / "pilothouse"
RELEASE = "pilothouse"
NAMESPACE = "pilothouse-system"
EVERYBODY = {"system:authenticated", "system:serviceaccounts"}

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """The manifests of one rendering."""

    manifests: list[Manifest]

    def all(self, kind: str) -> list[Manifest]:
        """Every manifest of a kind."""
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    def one(self, kind: str, name: str = "") -> Manifest:
        """The manifest of a kind whose name ends so; there must be exactly one."""
        found = [manifest for manifest in self.all(kind) if manifest["metadata"]["name"].endswith(name)]
        assert len(found) == 1, f"{kind} {name}: {[each['metadata']['name'] for each in found]}"
        return found[0]

    @property
    def pod(self) -> Manifest:
        """The pod template's spec."""
        spec: Manifest = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    @property
    def container(self) -> Manifest:
        """The one container."""
        (container,) = self.pod["containers"]
        found: Manifest = container
        return found


def render(cluster: RunningCluster, **values: Any) -> Rendered:
    """Render the chart with these values. Raises CommandError when Helm or the chart refuses them."""
    done = cluster.helm("template", RELEASE, str(CHART), f"--namespace={NAMESPACE}", *given(), stdin=json.dumps(values))
    return Rendered([each for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each])


def install(cluster: RunningCluster, namespace: str, *flags: str, **values: Any) -> None:
    """Install the chart, or upgrade it to these values. The namespace must exist."""
    where = (RELEASE, str(CHART), f"--namespace={namespace}")
    cluster.helm("upgrade", "--install", *where, "--reset-values", *given(), *flags, stdin=json.dumps(values))


def uninstall(cluster: RunningCluster, namespace: str) -> None:
    """Remove the release."""
    cluster.helm("uninstall", RELEASE, f"--namespace={namespace}", "--wait")


def given() -> tuple[str, ...]:
    """Flags that take the values from standard input."""
    return ("--values=-",)


def groups_of_administrator(cluster: RunningCluster) -> list[str]:
    """The groups of the cluster's own user, which other tests write Plans as."""
    answer = json.loads(cluster.kubectl("auth", "whoami", "--output=json").stdout)
    return sorted(set(answer["status"]["userInfo"]["groups"]) - EVERYBODY)
