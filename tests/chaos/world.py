"""Where the storm takes place: three clusters, an emulated AWS, two operators, and the Cells that they share."""

import base64
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.aws.server import AwsServer
from tests.cluster.built import BuiltCluster, Cluster
from tests.e2e import manifests
from tests.e2e.stage import Stage
from tests.operating import NAMESPACE, PROGRAM, Operator, install_kinds

NAMESPACES: Final = ("shop", "bank", "game", "mail")
IDENTITIES: Final = ("pilothouse-0", "pilothouse-1")
SWEEP_SECONDS: Final = 5
RECKLESS: Final = (sys.executable, str(Path(__file__).with_name("reckless.py")))
"""The operator with its safeguards taken away."""
STEPS_IN_FLIGHT: Final = 4
"""The budget of each Cell."""


@dataclass(frozen=True)
class World:
    """Everything there is. home: the cluster of the operators; clusters: that one and those of the other Cells."""

    home: BuiltCluster
    clusters: Sequence[BuiltCluster]
    aws: AwsServer
    operators: Sequence[Operator]
    stages: Sequence[Stage]

    def stage(self, namespace: str) -> Stage:
        """The world, seen from a namespace."""
        return next(each for each in self.stages if each.namespace == namespace)

    def set_keys(self, number: int = 0, *, wrong: bool = False) -> None:
        """Let the Secret of the Cell of AWS hold keys that AWS knows, others for each number, or that it does not."""
        account = self.aws.credentials(wrong=wrong).access_key_id[:-4]
        self.stages[0].apply(manifests.aws_keys(NAMESPACE, f"{account}{number:04}"))


@contextmanager
def world(*, reckless: bool = False) -> Iterator[World]:
    """Start everything; end everything, whatever happens. reckless: the operators' safeguards are taken away."""
    with ExitStack() as stack:
        clusters = [stack.enter_context(Cluster()), *(stack.enter_context(Cluster(node_pools=())) for _ in range(2))]
        home, aws = clusters[0], stack.enter_context(AwsServer())
        install_kinds(home)
        api = home.api()
        stack.callback(api.close)
        arguments = (f"--sweep-seconds={SWEEP_SECONDS}",)
        program = RECKLESS if reckless else (str(PROGRAM),)
        operators = [Operator(home, *arguments, f"--identity={each}", program=program) for each in IDENTITIES]
        made = World(home, clusters, aws, operators, [Stage(home, aws, operators[0], api, name) for name in NAMESPACES])
        made.set_keys()
        made.stages[0].apply(*cells(made), _policy(reckless=reckless))
        for name in NAMESPACES:
            home.kubectl("create", "namespace", name)
        for operator in operators:
            stack.enter_context(operator)
        yield made


def _policy(*, reckless: bool) -> Any:
    """The policy of the fleet. reckless: with breakers that never open."""
    rule = {"breaker": {"missingPercent": 100}} if reckless else {}
    spec = {"budgets": {"stepsInFlightPerCell": STEPS_IN_FLIGHT}, **rule}
    return {
        "apiVersion": "pilothouse.dev/v1alpha1",
        "kind": "FleetPolicy",
        "metadata": {"name": "default"},
        "spec": spec,
    }


def cells(world: World) -> Iterator[Any]:
    """The Cells: AWS, a zone of the home cluster, and the two other clusters."""
    yield manifests.aws_cell(manifests.CLOUD, world.aws.url)
    yield manifests.kubernetes_cell("home", manifests.ZONES["eu-1-a"])
    for number, cluster in enumerate(world.clusters[1:], 1):
        name = f"cluster-{number}"
        kubeconfig = base64.b64encode(cluster.kubeconfig.read_bytes()).decode()
        metadata = {"name": name, "namespace": NAMESPACE}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"kubeconfig": kubeconfig}}
        place = {"kubeconfigSecretRef": {"name": name}, "createNamespace": True}
        yield manifests.kubernetes_cell(name, name, kubernetes=place)
